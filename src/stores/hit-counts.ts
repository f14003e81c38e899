import { setImmediate } from "node:timers/promises"
import { applyHit } from "../contract/apply-hit.ts"
import { SessionError } from "../contract/errors.ts"
import type { Hit, HitCount, HitOutcome } from "../contract/hit.ts"

/** How many counters a sweep drops before the event loop gets a turn. */
const SLICE = 1024

interface Counter {
  readonly count: HitCount
  /** From here on no window reaches what it has counted. */
  readonly end: number
}

/**
 * Rate-limit counters in this process's memory, bounded. They are kept by their end as well, so that what has ended is found
 * without looking at what has not: ends are few, because they are multiples of the windows in use.
 */
export class HitCounts {
  readonly #maxKeys: number
  readonly #counters = new Map<string, Counter>()
  readonly #keysByEnd = new Map<number, Set<string>>()

  constructor(maxKeys: number) {
    this.#maxKeys = maxKeys
  }

  /** How many counters there are, ended ones included. */
  get size(): number {
    return this.#counters.size
  }

  /**
   * See `HitCountingStore.hit`; all hits of the call in one step.
   *
   * @throws SessionError `ERR_SESSION_STORE_FULL`; nothing has been counted then
   */
  hit(hits: readonly Hit[], now: number): HitOutcome[] {
    this.#makeRoom(hits, now)
    return hits.map(hit => this.#count(hit, now))
  }

  /** Drops every counter that has ended at or before `now`, in turns with the event loop. */
  async sweep(now: number): Promise<void> {
    while (this.#drop(now, SLICE) === SLICE) await setImmediate()
  }

  clear(): void {
    this.#counters.clear()
    this.#keysByEnd.clear()
  }

  #count(hit: Hit, now: number): HitOutcome {
    const { key, window } = hit
    const counter = this.#counters.get(key)
    const outcome = applyHit(counter?.count, hit, now)
    const { windowStart, current, previous } = outcome
    const end = windowStart + 2 * window
    this.#counters.set(key, { count: { windowStart, current, previous }, end })
    if (end !== counter?.end) this.#move(key, counter?.end, end)
    return outcome
  }

  #makeRoom(hits: readonly Hit[], now: number): void {
    const keys = new Set(hits.map(({ key }) => key))
    const added = [...keys].filter(key => !this.#counters.has(key)).length
    const lacking = this.#counters.size + added - this.#maxKeys
    if (added > 0 && this.#drop(now, lacking, keys) < lacking) throw full(this.#maxKeys)
  }

  /** Drops at most `limit` counters that have ended, but none of `kept`; answers how many it was. */
  #drop(now: number, limit: number, kept: ReadonlySet<string> = new Set()): number {
    let dropped = 0
    for (const [end, keys] of this.#keysByEnd) {
      if (end > now) continue
      for (const key of keys) {
        if (dropped >= limit) return dropped
        if (kept.has(key)) continue
        this.#remove(key)
        dropped++
      }
    }
    return dropped
  }

  #remove(key: string): void {
    const counter = this.#counters.get(key)
    if (!counter) return
    this.#counters.delete(key)
    this.#move(key, counter.end, undefined)
  }

  #move(key: string, from: number | undefined, to: number | undefined): void {
    if (from !== undefined) {
      const keys = this.#keysByEnd.get(from)
      keys?.delete(key)
      if (keys?.size === 0) this.#keysByEnd.delete(from)
    }
    if (to === undefined) return
    const keys = this.#keysByEnd.get(to)
    if (keys) keys.add(key)
    else this.#keysByEnd.set(to, new Set([key]))
  }
}

const full = (maxKeys: number): SessionError =>
  new SessionError(
    "ERR_SESSION_STORE_FULL",
    `The store holds ${maxKeys} rate-limit counters, its limit, and none of them has ended: nothing was counted. ` +
      "Raise maxHitKeys, shorten the windows, count by fewer keys, or use a store on a server.",
  )
