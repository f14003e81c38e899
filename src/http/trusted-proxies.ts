import { BlockList, isIP } from "node:net"
import { SessionError } from "../contract/errors.ts"

/**
 * Whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed. `false` (default): nobody's. `true`: everybody's, for a
 * server that only its proxy can reach. A number: so many proxies in front. A list: addresses, networks such as
 * `10.0.0.0/8`, and `loopback`.
 */
export type TrustProxy = boolean | number | readonly string[]

/** What is known of the peer of a connection. */
export interface Peer {
  readonly address: string | undefined
  readonly encrypted: boolean
  readonly forwardedFor: string | undefined
  readonly forwardedProto: string | undefined
}

/** Reads what proxies say, as far as they are trusted. */
export class TrustedProxies {
  readonly #trusts: (address: string | undefined, distance: number) => boolean

  constructor(setting: TrustProxy = false) {
    this.#trusts = trustFunction(setting)
  }

  /** Whether the client's connection is encrypted: up to us, or up to a trusted proxy that says so. */
  isSecure(peer: Peer): boolean {
    if (peer.encrypted) return true
    if (!this.#trusts(peer.address, 0)) return false
    return peer.forwardedProto?.split(",")[0]?.trim().toLowerCase() === "https"
  }

  /** The client's address: the nearest one that is not a trusted proxy's. */
  addressOf(peer: Peer): string | undefined {
    const hops = peer.forwardedFor?.split(",").map(hop => hop.trim()) ?? []
    let address = peer.address
    for (let distance = 0; hops.length > 0 && this.#trusts(address, distance); distance++) {
      const next = hops.pop()
      if (next === undefined || isIP(next) === 0) break
      address = next
    }
    return address
  }
}

function trustFunction(setting: TrustProxy): (address: string | undefined, distance: number) => boolean {
  if (typeof setting === "boolean") return () => setting
  if (typeof setting === "number") {
    if (!Number.isSafeInteger(setting) || setting < 1) throw wrong(String(setting))
    return (_, distance) => distance < setting
  }
  if (!Array.isArray(setting)) throw wrong(JSON.stringify(setting))
  const trusted = blockList(setting)
  return address => address !== undefined && contains(trusted, address)
}

function blockList(networks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const network of networks.flatMap(each => (each === "loopback" ? ["127.0.0.0/8", "::1"] : [each]))) {
    const [, address = "", prefix] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(network) ?? []
    const bits = isIP(address) === 6 ? 128 : 32
    const length = prefix === undefined ? bits : Number(prefix)
    if (isIP(address) === 0 || length > bits) throw wrong(network)
    list.addSubnet(address, length, bits === 128 ? "ipv6" : "ipv4")
  }
  return list
}

function contains(list: BlockList, address: string): boolean {
  const plain = address.startsWith("::ffff:") && isIP(address.slice(7)) === 4 ? address.slice(7) : address
  const version = isIP(plain)
  return version !== 0 && list.check(plain, version === 6 ? "ipv6" : "ipv4")
}

const wrong = (what: string): SessionError =>
  new SessionError(
    "ERR_SESSION_CONFIG",
    `trustProxy: ${what} is none of: true, false, a number of proxies, or a list of addresses, networks ("10.0.0.0/8") and "loopback"`,
  )
