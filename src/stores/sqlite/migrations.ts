import type { DatabaseSync } from "node:sqlite"
import { SessionError } from "../../contract/errors.ts"

/**
 * What each version of the schema adds, as SQL; number n stands at index n - 1. Released ones never change. `$` stands
 * for the prefix of the names.
 *
 * Times are REAL because a STRICT table would refuse a clock with fractions; SQLite keeps whole ones as integers. The index by end
 * carries what the counts need; the index by user holds only what a use of the session leaves as it is.
 */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE "$sessions" (
     id TEXT NOT NULL UNIQUE,
     secret_hash TEXT NOT NULL,
     previous_secret_hash TEXT,
     previous_confirmed_at REAL,
     epoch INTEGER NOT NULL,
     version INTEGER NOT NULL,
     generation INTEGER NOT NULL,
     created_at REAL NOT NULL,
     rotated_at REAL NOT NULL,
     last_seen_at REAL NOT NULL,
     idle_timeout REAL NOT NULL,
     absolute_expires_at REAL NOT NULL,
     expires_at REAL NOT NULL,
     persistent INTEGER NOT NULL,
     user_id TEXT,
     authenticated_at REAL,
     external_id TEXT,
     login_facts TEXT,
     client TEXT NOT NULL,
     data TEXT NOT NULL
   ) STRICT;
   CREATE INDEX "$sessions_by_end" ON "$sessions" (expires_at, last_seen_at, user_id);
   CREATE INDEX "$sessions_by_user" ON "$sessions" (user_id, authenticated_at, id) WHERE user_id IS NOT NULL;
   CREATE INDEX "$sessions_by_external_id" ON "$sessions" (external_id) WHERE external_id IS NOT NULL;
   CREATE TABLE "$hits" (
     key TEXT NOT NULL PRIMARY KEY,
     window_start REAL NOT NULL,
     current INTEGER NOT NULL,
     previous INTEGER NOT NULL,
     ends_at REAL NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX "$hits_by_end" ON "$hits" (ends_at);`,
]

export const SCHEMA_VERSION = MIGRATIONS.length

/**
 * Brings the schema up to date. Several processes may do it at once: the write lock lets one in, and the next finds the
 * work done. Throws `ERR_SESSION_STORE_CORRUPT` when a newer version of the library has been here.
 */
export function migrate(database: DatabaseSync, prefix: string, now: number): void {
  if (storedVersion(database, prefix) === SCHEMA_VERSION) return
  database.exec("BEGIN IMMEDIATE")
  try {
    applyMissing(database, prefix, now)
    database.exec("COMMIT")
  } catch (error) {
    rollBack(database)
    throw error
  }
}

function applyMissing(database: DatabaseSync, prefix: string, now: number): void {
  database.exec(
    `CREATE TABLE IF NOT EXISTS "${prefix}migrations" (version INTEGER PRIMARY KEY, applied_at REAL NOT NULL) STRICT`,
  )
  const version = storedVersion(database, prefix)
  const note = database.prepare(`INSERT INTO "${prefix}migrations" (version, applied_at) VALUES (?, ?)`)
  for (const [index, sql] of MIGRATIONS.entries()) {
    if (index < version) continue
    database.exec(sql.replaceAll("$", prefix))
    note.run(index + 1, now)
  }
}

function storedVersion(database: DatabaseSync, prefix: string): number {
  const table = `${prefix}migrations`
  const exists = database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get(table)
  if (!exists) return 0
  const version = Number(database.prepare(`SELECT max(version) AS n FROM "${table}"`).get()?.["n"] ?? 0)
  if (version > SCHEMA_VERSION) throw newer(version)
  return version
}

/** SQLite may have rolled back already, as it does when the disk is full; then there is nothing left to end. */
export function rollBack(database: DatabaseSync): void {
  try {
    database.exec("ROLLBACK")
  } catch {}
}

const newer = (version: number): SessionError =>
  new SessionError(
    "ERR_SESSION_STORE_CORRUPT",
    `The session database has schema version ${version}, and this version of sojourn knows ${SCHEMA_VERSION} at most: a newer sojourn has written it. Update sojourn on this node, or give this one another file or tablePrefix.`,
  )
