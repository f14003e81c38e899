import type { ServerAddress } from "./subscriber.ts"

/** A master and the hash slots from `first` to `last` that it serves. */
export interface SlotRange {
  readonly first: number
  readonly last: number
  readonly master: ServerAddress
}

/** The hash slot of a key or sharded channel: CRC-16/XMODEM of its hash tag, as the Redis cluster specification says. */
export function hashSlot(name: string): number {
  let crc = 0
  for (const byte of Buffer.from(hashTag(name))) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1
    crc &= 0xffff
  }
  return crc % 16384
}

function hashTag(name: string): string {
  const open = name.indexOf("{")
  const close = name.indexOf("}", open + 1)
  return open >= 0 && close > open + 1 ? name.slice(open + 1, close) : name
}

/** Reads the answer to `CLUSTER SLOTS`. A node that does not know its own host has the one that was `asked`. */
export function readSlotRanges(answer: unknown, asked: ServerAddress): SlotRange[] {
  if (!Array.isArray(answer)) throw new TypeError("CLUSTER SLOTS has given no list")
  return answer.map(range => readRange(range, asked))
}

function readRange(range: unknown, asked: ServerAddress): SlotRange {
  if (!Array.isArray(range) || !Array.isArray(range[2]))
    throw new TypeError("CLUSTER SLOTS has given no range")
  const [host, port] = range[2]
  const name = host === null || host === undefined ? "" : String(host)
  return {
    first: Number(range[0]),
    last: Number(range[1]),
    master: { host: name === "" || name === "?" ? asked.host : name, port: Number(port) },
  }
}
