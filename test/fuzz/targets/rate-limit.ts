import assert from "node:assert/strict"
import { isIP } from "node:net"
import { networkOf } from "../../../src/core/network.ts"
import { hitOf } from "../../../src/http/rate-limit/hit.ts"
import { checkedLimits } from "../../../src/http/rate-limit/limit.ts"
import type { Session } from "../../../src/index.ts"
import type { LiveSessions } from "../live-sessions.ts"
import { type AnyTarget, target } from "../target.ts"

const PIECES = [":", "::", ".", "%", "0", "ffff", "::ffff:", "1.2.3.4", "é", "/64", '"']
const ADDRESSES = [
  "192.0.2.1",
  "2001:db8::1",
  "::ffff:192.0.2.1",
  "::1",
  "fe80::1%eth0",
  "1:2:3:4:5:6:7:8",
  "::1.2.3.4",
]

/** What a rate limit counts: texts of the application's, and addresses. */
export function rateLimitTargets({ plain: { sessions } }: LiveSessions): AnyTarget[] {
  const session = sessions.open(undefined) as Session
  const request = { method: "GET", url: "/", header: () => undefined, addHeader: () => {}, body: undefined }
  const keyOf = (text: string): string | undefined => {
    const [limit] = checkedLimits<Record<string, unknown>>([
      { name: "fuzz", limit: 5, window: "1m", by: () => text },
    ])
    return limit && hitOf(limit, { session, request }, () => {})?.key
  }
  const seen = new Map<string, string>()
  return [
    target({
      name: "rate-limit key",
      seeds: { valid: ["anna", "", "user 1", "__proto__"], pieces: PIECES },
      run: keyOf,
      judge({ text }, key) {
        assert.match(key ?? "", /^[\w-]{43}$/)
        const before = seen.get(key ?? "")
        if (seen.size < 50_000) seen.set(key ?? "", text)
        assert.ok(before === undefined || before === text, JSON.stringify([before, text]))
        return "a key of its own"
      },
    }),
    target({
      name: "client's network",
      seeds: { valid: ADDRESSES, pieces: PIECES },
      run: text => networkOf(text, { ipv4: 32, ipv6: 64 }),
      judge({ text }, network) {
        const version = isIP(text)
        assert.equal(network, version === 0 ? text : spelt(text.replace(/%.*/s, "")))
        return version === 0 ? "no address" : `IPv${version}`
      },
    }),
  ]
}

/** The network of an address, from what the WHATWG URL parser makes of it. */
function spelt(address: string): string {
  if (isIP(address) === 4) return `${address}/32`
  const { hostname } = new URL(`http://[${address}]`)
  const [head = "", tail] = hostname.slice(1, -1).split("::")
  const [before, after] = [head, tail ?? ""].map(part => (part === "" ? [] : part.split(":"))) as [
    string[],
    string[],
  ]
  const groups = [...before, ...Array<string>(8 - before.length - after.length).fill("0"), ...after]
  const [high, low] = groups.slice(6).map(group => Number.parseInt(group, 16)) as [number, number]
  if (groups.slice(0, 6).join(":") === "0:0:0:0:0:ffff") {
    return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}/32`
  }
  return `${[...groups.slice(0, 4), "0", "0", "0", "0"].join(":")}/64`
}
