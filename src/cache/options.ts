/** How a near cache behaves. Times are in milliseconds. */
export interface NearCacheOptions {
  /** The most sessions kept. */
  readonly maxSessions: number
  /** The most bytes kept, by an estimate that errs on the high side. */
  readonly maxBytes: number
  /** The bound B: no later than this after its revocation is a session served from memory, whatever becomes of the feed. */
  readonly maxStaleness: number
  /** An entry older than this is read anew, however good the feed: the bound for changes of data whose notice was lost. */
  readonly maxAge: number
}

/** What the cache takes from its surroundings. */
export interface NearCacheContext {
  /** The clock that expiry is judged by, in milliseconds since 1970. */
  readonly now: () => number
  /** A clock that never steps, in milliseconds, such as `performance.now`. */
  readonly monotonic: () => number
}
