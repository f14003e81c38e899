import type { Hit, HitOutcome } from "../../contract/hit.ts"
import { type Database, plannedEachTime, type Statement, statement } from "./database.ts"
import type { Names } from "./names.ts"
import type { PostgresRow } from "./pool.ts"
import { encodeText } from "./text.ts"

/** How many counters one statement of a sweep removes. */
const SLICE = 1000

/** Rate-limit counters: `applyHit` as SQL. */
export class Hits {
  readonly #database: Database
  readonly #count: Statement
  readonly #sweep: Statement

  constructor(database: Database, names: Names) {
    this.#database = database
    this.#count = countStatement(names.hits)
    this.#sweep = plannedEachTime(`DELETE FROM ${names.hits} AS h USING (SELECT key FROM ${names.hits}
  WHERE ends_at <= $1::float8 ORDER BY ends_at LIMIT $2::integer FOR UPDATE SKIP LOCKED) AS ended
WHERE h.key = ended.key RETURNING 1 AS one`)
  }

  async hit(hits: readonly Hit[], now: number, signal: AbortSignal | undefined): Promise<HitOutcome[]> {
    const outcomes: HitOutcome[] = []
    for (const round of roundsOf(hits)) {
      const rows = await this.#database.run(this.#count, inputOf(round, now), signal)
      const byKey = new Map(rows.map(row => [row["key"], row]))
      for (const { hit, index } of round) outcomes[index] = outcomeOf(byKey.get(encodeText(hit.key)))
    }
    return outcomes
  }

  /** Removes every counter that no window reaches any more. */
  async sweep(now: number): Promise<void> {
    for (let removed = SLICE; removed === SLICE; ) {
      removed = (await this.#database.run(this.#sweep, [now, SLICE])).length
    }
  }
}

interface Placed {
  readonly hit: Hit
  readonly index: number
}

/** A statement can count a key once: each key's first hit is in the first round, its second in the second, and so on. */
function roundsOf(hits: readonly Hit[]): Placed[][] {
  const rounds: Placed[][] = []
  const next = new Map<string, number>()
  for (const [index, hit] of hits.entries()) {
    const number = next.get(hit.key) ?? 0
    next.set(hit.key, number + 1)
    const round = rounds[number] ?? []
    rounds[number] = round
    round.push({ hit, index })
  }
  return rounds
}

const inputOf = (round: readonly Placed[], now: number): unknown[] => [
  round.map(({ hit }) => encodeText(hit.key)),
  round.map(({ hit }) => hit.window),
  round.map(({ hit }) => hit.limit),
  round.map(({ hit }) => hit.cost),
  round.map(({ hit }) => now - (now % hit.window)),
  now,
]

function outcomeOf(row: PostgresRow | undefined): HitOutcome {
  if (!row) throw new TypeError("PostgreSQL gave no outcome of a hit")
  return {
    windowStart: Number(row["window_start"]),
    current: Number(row["current"]),
    previous: Number(row["previous"]),
    allowed: row["last_allowed"] === true,
  }
}

/**
 * Locks the counters in the order of their keys. The conflict's own rows know only the table's columns, which is why a
 * counter keeps its last hit.
 */
const countStatement = (table: string): Statement =>
  statement(`INSERT INTO ${table} AS h
  (key, window_start, current, previous, ends_at, last_window, last_limit, last_cost, last_allowed)
SELECT i.key, i.window_start, i.cost, 0, i.window_start + 2 * i.span, i.span, i.allowance, i.cost, true
FROM unnest($1::text[], $2::float8[], $3::float8[], $4::float8[], $5::float8[]) AS i (key, span, allowance, cost, window_start)
ORDER BY i.key COLLATE "C"
ON CONFLICT (key) DO UPDATE SET
  (window_start, current, previous, ends_at, last_window, last_limit, last_cost, last_allowed) = (
    SELECT judged.start, judged.used + CASE WHEN judged.allowed THEN excluded.last_cost ELSE 0 END, judged.before,
      judged.start + 2 * excluded.last_window, excluded.last_window, excluded.last_limit, excluded.last_cost, judged.allowed
    FROM (SELECT counted.*, counted.before * (excluded.last_window - greatest($6::float8 - counted.start, 0))
        + (counted.used + excluded.last_cost) * excluded.last_window <= excluded.last_limit * excluded.last_window AS allowed
      FROM (SELECT CASE WHEN stored.present THEN h.window_start ELSE excluded.window_start END AS start,
          CASE WHEN stored.present THEN h.current ELSE 0 END AS used,
          CASE WHEN stored.present THEN h.previous
            WHEN h.window_start >= excluded.window_start - excluded.last_window THEN h.current
            ELSE 0 END AS before
        FROM (SELECT h.window_start BETWEEN excluded.window_start AND excluded.window_start + excluded.last_window
          AS present) AS stored) AS counted) AS judged)
RETURNING key, window_start, current, previous, last_allowed`)
