import type { Database, Statement } from "./database.ts"
import { decodeText } from "./text.ts"

/** How many rows one statement looks at. */
const SLICE = 500

/**
 * Removes at most `limit` sessions that expired at or before `now`, and resolves to their ids. A session that was used since it
 * became due is put off to its new end, once in an idle timeout, and does not count.
 */
export async function sweepSlices(
  database: Database,
  sweep: Statement,
  now: number,
  limit: number,
): Promise<string[]> {
  const removed: string[] = []
  while (removed.length < limit) {
    const size = Math.min(SLICE, limit - removed.length)
    const rows = await database.run(sweep, [now, size])
    for (const row of rows) if (row["gone"] === true) removed.push(decodeText(String(row["id"])))
    if (rows.length < size) break
  }
  return removed
}
