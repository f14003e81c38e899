import { SessionError } from "../../contract/errors.ts"
import { type Duration, milliseconds } from "../../core/duration.ts"
import type { Session } from "../../core/session.ts"
import type { GuardedRequest } from "../guards/guard.ts"

/** What a limit may look at to decide whom it counts. */
export interface RateLimitContext<Data extends object = Record<string, unknown>> {
  readonly session: Session<Data>
  readonly request: GuardedRequest
}

/** Whom a limit counts: a session, a user, a client's address, or whatever the function names; `undefined`: nobody. */
export type RateLimitBy<Data extends object = Record<string, unknown>> =
  | "session"
  | "user"
  | "address"
  | ((context: RateLimitContext<Data>) => string | undefined)

/** How much may be used within any one window. */
export interface RateLimit<Data extends object = Record<string, unknown>> {
  /** Names the limit in headers and events, and keeps its counts apart: limits of the same name and window share them. */
  readonly name: string
  /** What may be used up within the window. */
  readonly limit: number
  /** Length of the sliding window, in whole seconds: `"1m"`. */
  readonly window: Duration
  readonly by: RateLimitBy<Data>
  /** What one request uses up. Default 1; 0 counts nothing. */
  readonly cost?: number | ((context: RateLimitContext<Data>) => number)
  /** With `by: "user"`, what happens to whoever is not logged in: nothing (default), or counted by address. */
  readonly anonymous?: "skip" | "address"
  /** How many leading bits of an IPv6 address are one client. Default 64, as a client chooses the other 64 as it likes. */
  readonly ipv6Prefix?: number
}

/** A limit that has been checked. */
export interface CheckedLimit<Data extends object>
  extends Required<Omit<RateLimit<Data>, "window" | "anonymous">> {
  /** In milliseconds. */
  readonly window: number
  readonly anonymous: "skip" | "address"
}

const NAMES: ReadonlySet<string> = new Set<keyof RateLimit>([
  "name",
  "limit",
  "window",
  "by",
  "cost",
  "anonymous",
  "ipv6Prefix",
])

/** Whatever is wrong throws `ERR_SESSION_CONFIG`, and says what to do. */
export function checkedLimits<Data extends object>(limits: readonly RateLimit<Data>[]): CheckedLimit<Data>[] {
  if (!(limits?.length > 0)) throw wrong("limits is empty", "give at least one")
  const names = new Set<string>()
  return limits.map(each => {
    const limit = checked(each)
    if (names.has(limit.name)) throw wrong(`two limits are named ${limit.name}`, "give each its own name")
    names.add(limit.name)
    return limit
  })
}

function checked<Data extends object>(given: RateLimit<Data>): CheckedLimit<Data> {
  const { name, limit, by, cost = 1, anonymous = "skip", ipv6Prefix = 64 } = given
  if (typeof name !== "string" || !/^[\w-]{1,64}$/.test(name)) {
    throw wrong(`name is ${JSON.stringify(name)}`, "give 1 to 64 letters, digits, - and _")
  }
  const unknown = Object.keys(given).find(each => !NAMES.has(each))
  if (unknown !== undefined)
    throw wrong(`${unknown} of ${name} is no option`, `there are ${[...NAMES].join(", ")}`)
  if (!isWhole(limit, 1)) throw wrong(`limit of ${name} is ${limit}`, "give a whole number above 0")
  const window = windowOf(given)
  if (limit * window > Number.MAX_SAFE_INTEGER / 4) {
    throw wrong(`limit and window of ${name} are too large to count exactly`, "make one of them smaller")
  }
  checkChoices(given)
  if (typeof cost === "number" && !(isWhole(cost, 0) && cost <= limit)) {
    throw wrong(`cost of ${name} is ${cost}`, `give a whole number from 0 to its limit, ${limit}`)
  }
  if (!isWhole(ipv6Prefix, 1) || ipv6Prefix > 128) {
    throw wrong(
      `ipv6Prefix of ${name} is ${ipv6Prefix}`,
      "give a number of bits from 1 to 128, such as 64 or 56",
    )
  }
  return { name, limit, window, by, cost, anonymous, ipv6Prefix }
}

function windowOf({ name, window }: Pick<RateLimit, "name" | "window">): number {
  const length = milliseconds(window, `window of the limit ${name}`)
  if (length % 1000 === 0) return length
  throw wrong(`window of ${name} is ${length} ms`, "give whole seconds, as the RateLimit headers tell those")
}

function checkChoices<Data extends object>({ name, by, anonymous }: RateLimit<Data>): void {
  if (typeof by !== "function" && !["session", "user", "address"].includes(by)) {
    throw wrong(
      `by of ${name} is ${JSON.stringify(by)}`,
      'give "session", "user", "address", or a function that gives a key',
    )
  }
  if (anonymous === undefined) return
  if (anonymous !== "skip" && anonymous !== "address") {
    throw wrong(`anonymous of ${name} is ${JSON.stringify(anonymous)}`, 'give "skip" or "address"')
  }
  if (by !== "user") {
    throw wrong(
      `anonymous of ${name} has no meaning unless by is "user"`,
      "leave it out: requests without a session are counted by address anyway",
    )
  }
}

const isWhole = (value: unknown, least: number): boolean =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= least

const wrong = (what: string, remedy: string): SessionError =>
  new SessionError("ERR_SESSION_CONFIG", `rateLimit: ${what}: ${remedy}`)
