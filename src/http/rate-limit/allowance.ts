import type { Hit, HitCount } from "../../contract/hit.ts"

/** What a limit still allows. Times are in milliseconds from now. */
export interface Allowance {
  /** Hits of cost 1 that would pass at this moment. */
  readonly remaining: number
  /** Until all of it is there again, if nothing more is used. */
  readonly resetAfter: number
  /** Until the same hit passes; 0 when it would now. */
  readonly retryAfter: number
}

type Window = Pick<Hit, "limit" | "window">

/** Reads a count as `applyHit` judges it, so that what is promised here is what the store will do. */
export function allowanceOf(hit: Hit, stored: HitCount, now: number): Allowance {
  const count = countAt(stored, hit.window, now)
  return {
    remaining: remainingOf(hit, count, now),
    resetAfter: resetOf(hit, count, now) - now,
    retryAfter: passesAt(hit, count, now) - now,
  }
}

/** The count as a hit at this moment leaves it: windows that have ended since have moved on, one far ahead has moved back. */
function countAt(stored: HitCount, window: number, now: number): HitCount {
  const windowStart = now - (now % window)
  if (stored.windowStart < windowStart - window) return { windowStart, current: 0, previous: 0 }
  const isPresent = stored.windowStart >= windowStart && stored.windowStart <= windowStart + window
  return isPresent ? stored : { windowStart, current: 0, previous: stored.current }
}

function remainingOf({ limit, window }: Window, count: HitCount, now: number): number {
  const elapsed = Math.max(now - count.windowStart, 0)
  const room = Math.floor((limit * window - count.previous * (window - elapsed)) / window)
  return Math.max(room - count.current, 0)
}

function resetOf({ window }: Window, { windowStart, current, previous }: HitCount, now: number): number {
  if (current > 0) return windowStart + 2 * window
  return previous > 0 ? windowStart + window : now
}

function passesAt(hit: Hit, count: HitCount, now: number): number {
  const { windowStart, current, previous } = count
  const next = windowStart + hit.window
  return (
    passesWithin(hit, windowStart, previous, current, now) ??
    passesWithin(hit, next, current, 0, Math.max(now, next)) ??
    next + hit.window
  )
}

/** The first moment of this window, from `from` on, at which the hit passes: when enough of the one before has slid out. */
function passesWithin(
  { cost, limit, window }: Hit,
  windowStart: number,
  previous: number,
  current: number,
  from: number,
): number | undefined {
  const room = limit - current - cost
  if (room < 0) return undefined
  const elapsed = previous === 0 ? 0 : Math.max(window - Math.floor((room * window) / previous), 0)
  const at = elapsed === 0 ? from : Math.max(from, windowStart + elapsed)
  return at < windowStart + window ? at : undefined
}
