import pg from "pg"
import { administrate } from "../../services/postgres.ts"

/** Does the work while a transaction of another connection, which the work is given, holds the session's row. */
export async function whileHeld<T>(
  url: string,
  id: string,
  work: (holder: pg.Client) => Promise<T>,
): Promise<T> {
  const holder = new pg.Client({ connectionString: url })
  await holder.connect()
  await holder.query("BEGIN")
  await holder.query("SELECT 1 FROM sojourn_sessions WHERE id = $1 FOR UPDATE", [id])
  try {
    return await work(holder)
  } finally {
    await holder.query("ROLLBACK")
    await holder.end()
  }
}

/** How many statements of this database wait for a lock. */
export async function waitingStatements(url: string): Promise<number> {
  const [row] = await administrate(
    url,
    "SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
  )
  return Number(row?.["n"])
}
