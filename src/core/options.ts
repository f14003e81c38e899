import { SessionError } from "../contract/errors.ts"
import type { SessionStore } from "../contract/store.ts"
import { Batcher } from "./batcher.ts"
import { type HijackOptions, resolveHijack } from "./client-signals.ts"
import { type Codec, jsonCodec } from "./codec.ts"
import type { ManagerContext } from "./context.ts"
import { type Duration, milliseconds, timerMilliseconds } from "./duration.ts"
import { EventHub } from "./events.ts"
import { type LifetimeOptions, resolveLifetimes } from "./lifetimes.ts"
import { type Limits, resolveLimits } from "./limits.ts"
import { Meters } from "./meter.ts"
import { type MismatchPolicies, resolvePolicies } from "./mismatch.ts"
import type { DataSchema, StandardSchema } from "./schema.ts"
import { type FillRandom, secretSource } from "./secret.ts"
import { formatToken } from "./token.ts"
import { Toucher } from "./toucher.ts"
import { type UserLimit, userIndex } from "./user-limit.ts"
import type { ValueRules } from "./values.ts"

/** How a manager behaves. Times are {@link Duration}s: milliseconds, or text such as `"30m"`. */
export interface ManagerOptions<Data extends object = Record<string, unknown>> extends LifetimeOptions {
  /** A Standard Schema per key: gives the data its type, and validates what is written and read. */
  readonly schema?: DataSchema<Data>
  /** What reading a stored value does that no longer fits its schema, for all keys or for each. Default `"refuse"`. */
  readonly onMismatch?: MismatchPolicies<Data>
  /** How values become text. Default: strict JSON. */
  readonly codec?: Codec
  readonly limits?: Partial<Limits>
  /** How many sessions one user may have at a time. Default: no limit. */
  readonly maxSessionsPerUser?: number
  /** What a login above `maxSessionsPerUser` does. Default `"evict-oldest"`. */
  readonly onUserLimit?: "evict-oldest" | "refuse"
  /** Replaces the secret of a session in use after this time. Default: only at login and `rotate()`. */
  readonly rotateEvery?: Duration
  /** How long a replaced secret stays good once its successor was seen. Default 30 s. */
  readonly rotationGrace?: Duration
  /** How long last-seen times are gathered. Default 30 s, and at most a tenth of the idle timeout. */
  readonly touchInterval?: Duration
  /** How often expired sessions are removed, ±20 %. Default 5 min; `false`: only by `sweep()`, or once told to start. */
  readonly sweepInterval?: Duration | false
  /**
   * Stores each value under a key that only the client's secret unwraps, so that the store's owner reads none (G9). Names of
   * keys stay readable. Sessions that were stored without it are not opened. Default `false`.
   */
  readonly encryptAtRest?: boolean
  /** Which changes of the client since the login are signs of a stolen token, and what they lead to. Default: none. */
  readonly hijack?: HijackOptions
  /** How long any store call may take. Default 5 s. */
  readonly storeTimeout?: Duration
  /** What a request gets when the store fails: an error, or a session that cannot be stored. Default `"fail"`. */
  readonly onStoreFailure?: "fail" | "anonymous"
  /** The clock, in ms since 1970. For tests. */
  readonly now?: () => number
  /** Fills bytes from a secure source. For tests. */
  readonly fillRandom?: FillRandom
}

const NAMES: ReadonlySet<string> = new Set<keyof ManagerOptions>([
  "idleTimeout",
  "absoluteTimeout",
  "persistent",
  "schema",
  "onMismatch",
  "codec",
  "limits",
  "maxSessionsPerUser",
  "onUserLimit",
  "rotateEvery",
  "rotationGrace",
  "touchInterval",
  "sweepInterval",
  "encryptAtRest",
  "hijack",
  "storeTimeout",
  "onStoreFailure",
  "now",
  "fillRandom",
])

/** Checks every option and builds what the parts of a manager share. */
export function managerContext<Data extends object>(
  store: SessionStore,
  options: ManagerOptions<Data>,
): { context: ManagerContext; touchInterval: number; sweepInterval: number } {
  checkNames(options)
  const now = options.now ?? Date.now
  const lifetimes = resolveLifetimes(options)
  const limits = resolveLimits(options.limits)
  const storeTimeout = timerMilliseconds(options.storeTimeout ?? "5s", "storeTimeout")
  const events = new EventHub()
  const schema = schemas(options.schema)
  const policyOf = resolvePolicies(options.onMismatch, schema)
  const onMismatch: ValueRules["onMismatch"] = event => events.emit("mismatch", event)
  const meters = new Meters()
  const batcher = new Batcher(store, storeTimeout, limits.maxQueued, meters)
  const touchInterval = Math.min(
    timerMilliseconds(options.touchInterval ?? "30s", "touchInterval"),
    lifetimes.idleTimeout / 10,
  )
  const context: ManagerContext = {
    store,
    batcher,
    toucher: new Toucher(batcher, events, touchInterval),
    meters,
    events,
    secrets: secretSource(options.fillRandom),
    rules: { codec: codec(options.codec), limits, schema, policyOf, onMismatch, now },
    encryptsAtRest: flag("encryptAtRest", options.encryptAtRest),
    lifetimes,
    userLimit: userLimit(store, options),
    ...rotation(options),
    hijack: resolveHijack(options.hijack),
    storeTimeout,
    onStoreFailure: oneOf("onStoreFailure", options.onStoreFailure ?? "fail", ["fail", "anonymous"]),
    writeToken: ({ id }, secret) => (secret === undefined ? undefined : formatToken({ id, secret })),
    now,
    random: Math.random,
  }
  const sweepInterval = timerMilliseconds(options.sweepInterval || "5m", "sweepInterval")
  return { context, touchInterval, sweepInterval }
}

/** Only one secret before the current one is kept, so it has to be through its grace before the next rotation. */
function rotation({
  rotateEvery,
  rotationGrace = "30s",
}: Pick<ManagerOptions, "rotateEvery" | "rotationGrace">): Pick<
  ManagerContext,
  "rotateEvery" | "rotationGrace"
> {
  const grace = milliseconds(rotationGrace, "rotationGrace")
  if (rotateEvery === undefined) return { rotateEvery, rotationGrace: grace }
  const every = milliseconds(rotateEvery, "rotateEvery")
  if (every > grace) return { rotateEvery: every, rotationGrace: grace }
  throw new SessionError(
    "ERR_SESSION_CONFIG",
    `rotateEvery (${every} ms) is no longer than rotationGrace (${grace} ms), in which the old secret stays good: ` +
      "rotate less often, or shorten the grace",
  )
}

function checkNames(options: object): void {
  for (const name of Object.keys(options)) {
    if (NAMES.has(name)) continue
    throw new SessionError("ERR_SESSION_CONFIG", `${name} is no option: there are ${[...NAMES].join(", ")}`)
  }
}

function codec(given: Codec = jsonCodec): Codec {
  if (typeof given?.encode === "function" && typeof given.decode === "function") return given
  throw new SessionError(
    "ERR_SESSION_CONFIG",
    "codec is no codec: give { encode, decode }, such as { encode: devalue.stringify, decode: devalue.parse }",
  )
}

function schemas(schema: object = {}): ReadonlyMap<string, StandardSchema<unknown>> {
  const entries: [string, StandardSchema<unknown>][] = Object.entries(schema)
  for (const [key, value] of entries) {
    if (typeof value?.["~standard"]?.validate === "function") continue
    throw new SessionError(
      "ERR_SESSION_CONFIG",
      `schema.${key} is no Standard Schema: give one of zod, valibot, arktype or another library that implements it`,
    )
  }
  return new Map(entries)
}

function userLimit<Data extends object>(
  store: SessionStore,
  options: ManagerOptions<Data>,
): UserLimit | undefined {
  const { maxSessionsPerUser: max, onUserLimit = "evict-oldest" } = options
  oneOf("onUserLimit", onUserLimit, ["evict-oldest", "refuse"])
  if (max === undefined) return undefined
  if (!Number.isSafeInteger(max) || max < 1) {
    throw new SessionError("ERR_SESSION_CONFIG", `maxSessionsPerUser is ${max}: give a whole number above 0`)
  }
  userIndex(store)
  return { max, onExceed: onUserLimit }
}

function flag(option: string, value = false): boolean {
  if (typeof value === "boolean") return value
  throw new SessionError("ERR_SESSION_CONFIG", `${option} is ${JSON.stringify(value)}: give true or false`)
}

function oneOf<Choice extends string>(option: string, value: Choice, choices: readonly Choice[]): Choice {
  if (choices.includes(value)) return value
  throw new SessionError(
    "ERR_SESSION_CONFIG",
    `${option} is ${JSON.stringify(value)}: give ${choices.join(" or ")}`,
  )
}
