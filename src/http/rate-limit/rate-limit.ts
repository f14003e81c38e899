import { SessionError } from "../../contract/errors.ts"
import type { Hit, HitOutcome } from "../../contract/hit.ts"
import type { HitCounter } from "../../core/hits.ts"
import { type Guard, problem, type Refusal } from "../guards/guard.ts"
import { allowanceOf } from "./allowance.ts"
import { addressWarning, hitOf } from "./hit.ts"
import { checkedLimits, type RateLimit, type RateLimitContext } from "./limit.ts"

export interface RateLimitOptions<Data extends object = Record<string, unknown>> {
  /** Whose store counts, so that all nodes on it count together. */
  readonly sessions: { hitCounter(): HitCounter }
  /** Judged in this order; the first that refuses ends it, so put the narrowest first. */
  readonly limits: readonly RateLimit<Data>[]
  /** When the store cannot count: turn the request away with 503 (default; ASVS 16.5.3), or let it pass uncounted. */
  readonly onStoreFailure?: "refuse" | "allow"
}

/**
 * Turns away what exceeds a limit: 429, with `Retry-After`. Every answer tells where the client stands, by the headers
 * of draft-ietf-httpapi-ratelimit-headers. It creates no session (G8). A store that cannot count throws
 * `ERR_SESSION_UNSUPPORTED` now.
 */
export function rateLimit<Data extends object = Record<string, unknown>>(
  options: RateLimitOptions<Data>,
): Guard<Data> {
  const { onStoreFailure = "refuse" } = options
  const limits = checkedLimits(options.limits)
  if (onStoreFailure !== "refuse" && onStoreFailure !== "allow") throw wrongPolicy(onStoreFailure)
  if (typeof options.sessions?.hitCounter !== "function") throw noSessions()
  const counter = options.sessions.hitCounter()
  const warn = addressWarning()
  const policies = limits
    .map(({ name, limit, window }) => `"${name}";q=${limit};w=${window / 1000}`)
    .join(", ")
  return async (session, request) => {
    request.addHeader("RateLimit-Policy", policies)
    for (const limit of limits) {
      const hit = hitOf(limit, { session, request }, warn)
      const refusal = hit && (await judged(counter, limit.name, hit, { session, request }, onStoreFailure))
      if (refusal) return refusal
    }
    return undefined
  }
}

async function judged<Data extends object>(
  counter: HitCounter,
  name: string,
  hit: Hit,
  context: RateLimitContext<Data>,
  onStoreFailure: "refuse" | "allow",
): Promise<Refusal | undefined> {
  let outcome: HitOutcome
  try {
    outcome = await counter.hit(hit)
  } catch (error) {
    counter.emit("storeError", { operation: "hit", error })
    return onStoreFailure === "refuse" ? problem(503, "The service is busy") : undefined
  }
  return told(counter, name, hit, outcome, context)
}

function told<Data extends object>(
  counter: HitCounter,
  name: string,
  hit: Hit,
  outcome: HitOutcome,
  { session, request }: RateLimitContext<Data>,
): Refusal | undefined {
  const { remaining, resetAfter, retryAfter } = allowanceOf(hit, outcome, counter.now())
  request.addHeader("RateLimit", `"${name}";r=${remaining};t=${seconds(resetAfter)}`)
  if (outcome.allowed) return undefined
  counter.emit("rateLimited", {
    limit: name,
    id: session.isStored ? session.id : undefined,
    userId: session.userId,
  })
  // The store's clock may be another: what it has just refused is never worth trying again at once.
  return problem(429, "Too many requests", { "Retry-After": String(Math.max(seconds(retryAfter), 1)) })
}

const seconds = (milliseconds: number): number => Math.ceil(milliseconds / 1000)

const noSessions = (): SessionError =>
  new SessionError(
    "ERR_SESSION_CONFIG",
    "rateLimit: sessions is missing, or has no store: give those of createSessions, whose store counts",
  )

const wrongPolicy = (given: unknown): SessionError =>
  new SessionError(
    "ERR_SESSION_CONFIG",
    `rateLimit: onStoreFailure is ${JSON.stringify(given)}: give "refuse" or "allow"`,
  )
