import assert from "node:assert/strict"
import { isIP } from "node:net"
import { TrustedProxies, type TrustProxy } from "../../../src/http/trusted-proxies.ts"
import { type AnyTarget, target } from "../target.ts"

const PEERS = ["10.0.0.1", "::ffff:10.0.0.1", "127.0.0.1", "::1", "192.0.2.7", "2001:db8::7", undefined]
const SETTINGS: readonly TrustProxy[] = [
  false,
  true,
  1,
  2,
  ["10.0.0.0/8"],
  ["loopback", "2001:db8::/32", "192.0.2.7"],
]
const PIECES = [
  ",",
  ", ",
  "10.0.0.1",
  "::1",
  "::ffff:",
  "%eth0",
  "https",
  "http",
  "unknown",
  '"',
  "[",
  "]",
  ":80",
]

/** What proxies, and whoever claims to be one, say of a client. */
export function forwardedTargets(): AnyTarget[] {
  const proxies = SETTINGS.map(setting => new TrustedProxies(setting))
  const read = (text: string, ofProto: boolean) =>
    proxies.flatMap((each, index) =>
      PEERS.map(address => {
        const forwarded = {
          forwardedFor: ofProto ? undefined : text,
          forwardedProto: ofProto ? text : undefined,
        }
        const peer = { address, encrypted: false, ...forwarded }
        return {
          setting: SETTINGS[index] ?? false,
          address,
          found: each.addressOf(peer),
          secure: each.isSecure(peer),
        }
      }),
    )
  const valid = [
    "203.0.113.9",
    "203.0.113.9, 10.0.0.1",
    "2001:db8::9,  10.1.2.3 ,::1",
    "fe80::1%eth0",
    "1.2.3.4,5.6.7.8,10.0.0.9",
  ]
  return [
    target({
      name: "X-Forwarded-For",
      seeds: { valid, pieces: PIECES },
      run: text => read(text, false),
      judge({ text }, results) {
        const hops = text.split(",").map(hop => hop.trim())
        for (const { setting, address, found } of results) assertBelieved(setting, address, found, hops)
        return results.some(({ address, found }) => address !== found)
          ? "believed by some"
          : "believed by nobody"
      },
    }),
    target({
      name: "X-Forwarded-Proto",
      seeds: {
        valid: ["https", "HTTPS", " https ,http"],
        foreign: ["http", "http,https"],
        pieces: PIECES,
      },
      run: text => read(text, true),
      judge({ kind, text }, results) {
        const says = text.split(",")[0]?.trim().toLowerCase() === "https"
        if (kind === "valid") assert.ok(says)
        for (const { setting, secure } of results) {
          if (setting === false) assert.equal(secure, false)
          if (setting === true) assert.equal(secure, says)
          if (secure) assert.ok(says)
        }
        return says ? "https" : "not https"
      },
    }),
  ]
}

/** Only an address that a trusted hop has told, through nothing but trusted hops. */
function assertBelieved(
  setting: TrustProxy,
  address: string | undefined,
  found: string | undefined,
  hops: readonly string[],
): void {
  if (found === address) return
  assert.notEqual(setting, false)
  assert.notEqual(isIP(found ?? ""), 0, found)
  const told = hops.toReversed()
  const distance = told.findIndex(
    (hop, index) => hop === found && through(setting, address, told.slice(0, index)),
  )
  assert.notEqual(distance, -1, JSON.stringify([setting, address, found, hops]))
}

/** Whether the peer and these hops are all addresses that the setting trusts. */
const through = (setting: TrustProxy, address: string | undefined, hops: readonly string[]): boolean =>
  [address, ...hops].every((each, index) => trusts(setting, each, index))

function trusts(setting: TrustProxy, address: string | undefined, distance: number): boolean {
  if (typeof setting === "boolean") return setting
  if (typeof setting === "number") return distance < setting
  const plain = address?.replace(/^::ffff:(?=[\d.]+$)/, "") ?? ""
  if (setting.includes("10.0.0.0/8")) return isIP(plain) === 4 && plain.startsWith("10.")
  if (isIP(plain) === 4) return plain.startsWith("127.") || plain === "192.0.2.7"
  return isIP(plain) === 6 && isLoopbackOrDocumentation(plain)
}

/** As the WHATWG URL parser spells an address, which it takes without a zone. */
function isLoopbackOrDocumentation(address: string): boolean {
  const url = `http://[${address.replace(/%.*$/, "")}]`
  const spelt = URL.canParse(url) ? new URL(url).hostname : ""
  return spelt === "[::1]" || spelt.startsWith("[2001:db8:") || /^\[::ffff:7f[0-9a-f]{2}:/.test(spelt)
}
