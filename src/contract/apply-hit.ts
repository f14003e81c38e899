import type { Hit, HitCount, HitOutcome } from "./hit.ts"

/**
 * The meaning of a hit, as a pure function: a sliding window made of two fixed ones, of which the previous one counts for
 * the part that the sliding window still covers. Whole numbers only, so that every store comes to the same answer.
 */
export function applyHit(stored: HitCount | undefined, hit: Hit, now: number): HitOutcome {
  const { window, limit, cost } = hit
  const count = countAt(stored, window, now)
  // A window that a clock ahead has begun is judged from its start.
  const elapsed = Math.max(now - count.windowStart, 0)
  const allowed = count.previous * (window - elapsed) + (count.current + cost) * window <= limit * window
  return { ...count, current: count.current + (allowed ? cost : 0), allowed }
}

/** Another node's clock may be ahead. What one far ahead has counted is taken for the window before, out of which it slides. */
function countAt(stored: HitCount | undefined, window: number, now: number): HitCount {
  const windowStart = now - (now % window)
  if (!stored || stored.windowStart < windowStart - window) return { windowStart, current: 0, previous: 0 }
  const isPresent = stored.windowStart >= windowStart && stored.windowStart <= windowStart + window
  return isPresent ? stored : { windowStart, current: 0, previous: stored.current }
}
