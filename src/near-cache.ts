import { withNearCache } from "./cache/with-near-cache.ts"
import { SessionError } from "./contract/errors.ts"
import { isCaching, isImmediate, isObservable, type SessionStore } from "./contract/store.ts"
import { type Duration, timerMilliseconds } from "./core/duration.ts"

/** How this node remembers the sessions of a store that other nodes change, too. */
export interface NearCacheSettings {
  /** The most sessions kept in memory. Default 10,000. */
  readonly maxSessions?: number
  /** The most bytes kept in memory, by an estimate. Default 64 MiB. */
  readonly maxBytes?: number
  /** The bound B: a session that was revoked on any node is served no longer than this by another (G4). Default 1 s. */
  readonly maxStaleness?: Duration
  /** Read anew at the latest after this time, however good the feed is. Default 1 min. */
  readonly maxAge?: Duration
}

const NAMES: readonly string[] = ["maxSessions", "maxBytes", "maxStaleness", "maxAge"]
/** Less than this, and the heartbeats cost more than the reads that they save. */
const MIN_STALENESS = 40

/**
 * The store, with a near cache before it where it has a feed or one is asked for. Wrong settings throw
 * `ERR_SESSION_CONFIG`.
 */
export function cached(
  store: SessionStore,
  settings: NearCacheSettings | false | undefined,
  now: () => number,
): SessionStore {
  if (isCaching(store)) {
    if (settings === undefined) return store
    throw wrong("nearCache is given for a store that has a near cache already", "leave one of the two out")
  }
  if (settings === false) return store
  if (settings === undefined && (isImmediate(store) || !isObservable(store))) return store
  if (isImmediate(store) && !isObservable(store))
    throw wrong("nearCache has no use", "this store answers from memory already: leave nearCache out")
  return withNearCache(store, resolve(settings), { now, monotonic: () => performance.now() })
}

function resolve(settings: NearCacheSettings = {}) {
  if (typeof settings !== "object" || settings === null)
    throw wrong(`nearCache is ${JSON.stringify(settings)}`, "give false, settings, or leave it out")
  const unknown = Object.keys(settings).find(name => !NAMES.includes(name))
  if (unknown !== undefined) throw wrong(`nearCache.${unknown} is no option`, `there are ${NAMES.join(", ")}`)
  const { maxSessions = 10_000, maxBytes = 64 * 1024 * 1024 } = settings
  const maxStaleness = timerMilliseconds(settings.maxStaleness ?? "1s", "nearCache.maxStaleness")
  const maxAge = timerMilliseconds(settings.maxAge ?? "1m", "nearCache.maxAge")
  if (maxStaleness < MIN_STALENESS)
    throw wrong(`nearCache.maxStaleness is ${maxStaleness} ms`, `give at least ${MIN_STALENESS} ms`)
  if (maxAge < maxStaleness)
    throw wrong(`nearCache.maxAge is ${maxAge} ms`, `give at least maxStaleness, ${maxStaleness} ms`)
  return {
    maxSessions: count(maxSessions, "maxSessions"),
    maxBytes: count(maxBytes, "maxBytes"),
    maxStaleness,
    maxAge,
  }
}

function count(value: number, name: string): number {
  if (Number.isSafeInteger(value) && value > 0) return value
  throw wrong(
    `nearCache.${name} is ${value}`,
    "give a whole number above 0, or nearCache: false for no cache",
  )
}

const wrong = (what: string, remedy: string): SessionError =>
  new SessionError("ERR_SESSION_CONFIG", `${what}: ${remedy}`)
