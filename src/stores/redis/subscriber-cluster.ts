import { SessionError } from "../../contract/errors.ts"
import type { ServerAddress, ServerClient, Shard, SubscriberSource } from "./subscriber.ts"
import { subscriberConnection } from "./subscriber-connection.ts"
import { hashSlot, readSlotRanges, type SlotRange } from "./subscriber-slots.ts"

/** The nodes of a cluster, as the client library of the application sees them. */
export interface ClusterNodes {
  /** What the library knows now; it may be out of date, or empty. */
  addresses(): readonly ServerAddress[]
  open(address: ServerAddress): ServerClient
}

/** As many nodes are asked at once: one of them may be down. */
const ASKED_AT_ONCE = 3

/** The masters of a cluster, asked from its nodes each time: what the library knows lags behind a failover. */
export function clusterSource(nodes: ClusterNodes, random: () => number = Math.random): SubscriberSource {
  let lastKnown: readonly ServerAddress[] = []
  return {
    async locate(channels, signal) {
      const candidates = chosen([...nodes.addresses(), ...lastKnown], random)
      if (candidates.length === 0) {
        throw new SessionError(
          "ERR_SESSION_STORE_UNAVAILABLE",
          "The cluster client knows no node yet: connect it before the store is opened",
        )
      }
      const ranges = await firstAnswer(candidates, nodes, signal)
      lastKnown = unique(ranges.map(range => range.master))
      return shards(channels, ranges, nodes)
    },
  }
}

async function firstAnswer(
  candidates: readonly ServerAddress[],
  nodes: ClusterNodes,
  signal: AbortSignal,
): Promise<readonly SlotRange[]> {
  const asked = candidates.map(address => ({ address, client: nodes.open(address) }))
  const close = (): void => {
    for (const { client } of asked) void client.close()
  }
  signal.addEventListener("abort", close, { once: true })
  try {
    signal.throwIfAborted()
    return await Promise.any(asked.map(({ address, client }) => askSlots(address, client)))
  } finally {
    signal.removeEventListener("abort", close)
    close()
  }
}

async function askSlots(address: ServerAddress, client: ServerClient): Promise<readonly SlotRange[]> {
  await client.connect()
  return readSlotRanges(await client.command("CLUSTER", "SLOTS"), address)
}

function shards(
  channels: readonly string[],
  ranges: readonly SlotRange[],
  nodes: ClusterNodes,
): readonly Shard[] {
  const byMaster = new Map<string, { master: ServerAddress; channels: string[] }>()
  for (const channel of channels) {
    const { master } = rangeOf(channel, ranges)
    const shard = byMaster.get(named(master)) ?? { master, channels: [] }
    shard.channels.push(channel)
    byMaster.set(named(master), shard)
  }
  return [...byMaster.values()].map(({ master, channels }) => ({
    channels,
    open: () => subscriberConnection(() => nodes.open(master), "SPUBLISH"),
  }))
}

function rangeOf(channel: string, ranges: readonly SlotRange[]): SlotRange {
  const slot = hashSlot(channel)
  const range = ranges.find(({ first, last }) => first <= slot && slot <= last)
  if (range) return range
  throw new SessionError(
    "ERR_SESSION_STORE_UNAVAILABLE",
    `No master of the cluster serves hash slot ${slot}: look at CLUSTER INFO`,
  )
}

function chosen(addresses: readonly ServerAddress[], random: () => number): readonly ServerAddress[] {
  const ranked = unique(addresses).map(address => ({ address, rank: random() }))
  ranked.sort((a, b) => a.rank - b.rank)
  return ranked.slice(0, ASKED_AT_ONCE).map(({ address }) => address)
}

const unique = (addresses: readonly ServerAddress[]): readonly ServerAddress[] => [
  ...new Map(addresses.map(address => [named(address), address])).values(),
]

const named = ({ host, port }: ServerAddress): string => `${host}:${port}`
