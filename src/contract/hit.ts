/** One use that a rate limit counts. Whole numbers, above 0; `cost` is at most `limit`. */
export interface Hit {
  /** What is counted: at most 256 characters. One key is always hit with one `window`. */
  readonly key: string
  /** Length of the sliding window in milliseconds. */
  readonly window: number
  /** What may be used up within one window of the clock. Bursts can bring any one sliding window to less than twice as much. */
  readonly limit: number
  readonly cost: number
}

/** How much of a key was used in the current window of the clock and in the one before. */
export interface HitCount {
  /** A multiple of `window`. */
  readonly windowStart: number
  readonly current: number
  readonly previous: number
}

/** What became of a hit. The count is what the store holds afterwards; a hit that is refused is not counted. */
export interface HitOutcome extends HitCount {
  readonly allowed: boolean
}
