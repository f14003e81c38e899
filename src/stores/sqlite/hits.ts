import { applyHit } from "../../contract/apply-hit.ts"
import type { Hit, HitCount, HitOutcome } from "../../contract/hit.ts"
import { encodeText } from "./row.ts"
import type { Statements } from "./statements.ts"

/** Judges and counts the hits, in order, within a transaction that the caller has begun. */
export const countHits = (sql: Statements, hits: readonly Hit[], now: number): HitOutcome[] =>
  hits.map(hit => {
    const key = encodeText(hit.key)
    const stored = read(sql, key)
    const outcome = applyHit(stored, hit, now)
    // A refused hit in a known window leaves the row as it is, so a flood of them writes nothing.
    if (!stored || !isSame(stored, outcome)) write(sql, key, outcome, hit.window)
    return outcome
  })

function read(sql: Statements, key: string): HitCount | undefined {
  const row = sql.findHit.get(key)
  if (!row) return undefined
  return {
    windowStart: Number(row["window_start"]),
    current: Number(row["current"]),
    previous: Number(row["previous"]),
  }
}

function write(sql: Statements, key: string, count: HitCount, window: number): void {
  const { windowStart, current, previous } = count
  sql.putHit.run(key, windowStart, current, previous, windowStart + 2 * window)
}

const isSame = (one: HitCount, other: HitCount): boolean =>
  one.windowStart === other.windowStart && one.current === other.current && one.previous === other.previous
