import { isIP } from "node:net"

/** How many leading bits of an address name a network. */
export interface NetworkBits {
  readonly ipv4: number
  readonly ipv6: number
}

/**
 * The network that an address lies in, as a text to compare: `192.0.2.0/24`, `2001:db8:0:0:0:0:0:0/48`. An IPv4 address in
 * IPv6's clothes (`::ffff:192.0.2.1`) is an IPv4 address. What is no address is its own network.
 */
export function networkOf(address: string, bits: NetworkBits): string {
  const version = isIP(address)
  if (version === 0) return address
  if (version === 4) return masked(bytesOf(address), bits.ipv4, ".", 8)
  const [withoutZone = ""] = address.split("%", 1)
  const groups = groupsOf(withoutZone)
  return isMapped(groups)
    ? masked(
        groups.slice(6).flatMap(group => [group >> 8, group & 255]),
        bits.ipv4,
        ".",
        8,
      )
    : masked(groups, bits.ipv6, ":", 16)
}

const bytesOf = (ipv4: string): number[] => ipv4.split(".").map(Number)

/** The eight groups of an IPv6 address. */
function groupsOf(address: string): number[] {
  const hexadecimal = address.replace(/[\d.]+\.\d+$/, ipv4 => {
    const [a = 0, b = 0, c = 0, d = 0] = bytesOf(ipv4)
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
  })
  const [head = "", tail] = hexadecimal.split("::")
  const before = numbers(head)
  if (tail === undefined) return before
  const after = numbers(tail)
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after]
}

const numbers = (groups: string): number[] =>
  groups === "" ? [] : groups.split(":").map(group => Number.parseInt(group, 16))

const isMapped = (groups: readonly number[]): boolean =>
  groups.slice(0, 5).every(group => group === 0) && groups[5] === 0xffff

/** The parts with all but the first `bits` bits cleared. */
function masked(parts: readonly number[], bits: number, separator: string, width: 8 | 16): string {
  const kept = parts.map((part, index) => {
    const cleared = Math.min(Math.max(width * (index + 1) - bits, 0), width)
    return ((part >> cleared) << cleared).toString(width === 8 ? 10 : 16)
  })
  return `${kept.join(separator)}/${bits}`
}
