import { createHash } from "node:crypto"
import { SessionError } from "../../contract/errors.ts"
import type { Hit } from "../../contract/hit.ts"
import { networkOf } from "../../core/network.ts"
import type { CheckedLimit, RateLimitContext } from "./limit.ts"

/** Whom a request is counted for: the kind keeps a user named as an address apart from that address. */
type Counted = readonly [kind: string, value: string]

/**
 * The hit that a request is for a limit; `undefined` when this limit does not count it. `warn` is called where the address is
 * unknown.
 */
export function hitOf<Data extends object>(
  limit: CheckedLimit<Data>,
  context: RateLimitContext<Data>,
  warn: () => void,
): Hit | undefined {
  const counted = countedFor(limit, context, warn)
  const cost = costOf(limit, context)
  if (!counted || cost === 0) return undefined
  return { key: keyOf(limit, counted), window: limit.window, limit: limit.limit, cost }
}

function countedFor<Data extends object>(
  limit: CheckedLimit<Data>,
  context: RateLimitContext<Data>,
  warn: () => void,
): Counted | undefined {
  const { by } = limit
  const { session } = context
  if (typeof by === "function") {
    const key = by(context)
    return key === undefined ? undefined : ["key", String(key)]
  }
  if (by === "session" && session.isStored) return ["session", session.id]
  if (by === "user") {
    if (session.userId !== undefined) return ["user", session.userId]
    if (limit.anonymous === "skip") return undefined
  }
  const { address } = session.client
  if (address === undefined) warn()
  return ["address", clientOf(limit, address)]
}

/** A client whose address nobody knows shares one count with all the others: that is never more than the limit allows. */
const clientOf = ({ ipv6Prefix }: { readonly ipv6Prefix: number }, address: string | undefined): string =>
  address === undefined ? "" : networkOf(address, { ipv4: 32, ipv6: ipv6Prefix })

function costOf<Data extends object>(
  { cost, limit, name }: CheckedLimit<Data>,
  context: RateLimitContext<Data>,
): number {
  if (typeof cost === "number") return cost
  const asked = cost(context)
  if (Number.isSafeInteger(asked) && asked >= 0 && asked <= limit) return asked
  throw new SessionError(
    "ERR_SESSION_INVALID_ARGUMENT",
    `cost of the rate limit ${name} gave ${asked}: it has to give a whole number from 0 to the limit, ${limit}`,
  )
}

/** A store keeps neither addresses nor names. The window is part of it, as one key is always hit with one window. */
const keyOf = (
  { name, window }: { readonly name: string; readonly window: number },
  counted: Counted,
): string =>
  createHash("sha256")
    .update(JSON.stringify([name, window, ...counted]))
    .digest("base64url")

/** Warns the first time that it is called. */
export function addressWarning(): () => void {
  let warned = false
  return () => {
    if (warned) return
    warned = true
    process.emitWarning(UNKNOWN_ADDRESS, { code: "SOJOURN_ADDRESS_UNKNOWN" })
  }
}

const UNKNOWN_ADDRESS =
  "a rate limit counts by address, and the address of a client is not known: all such requests share one count; " +
  "with fetchSession give its option address, behind a proxy set trustProxy"
