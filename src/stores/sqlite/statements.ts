import type { DatabaseSync, StatementSync } from "node:sqlite"
import { COLUMNS, type Column, type Row, type Value } from "./row.ts"

/** Every statement of the store, prepared once for a connection. */
export interface Statements {
  readonly begin: StatementSync
  readonly commit: StatementSync
  readonly find: Query<Row>
  readonly findMany: Query<Row>
  readonly findByUser: Query<Row>
  /** Inserts the record, or puts it in the place of one that has expired. */
  readonly create: StatementSync
  /** What a patch of data alone needs. */
  readonly findData: Query<DataRow>
  readonly updateData: StatementSync
  /** Sets these columns of one session. A statement that names an indexed column rewrites the index, changed or not. */
  update(columns: readonly Column[]): StatementSync
  readonly touch: Query<[version: number]>
  readonly revoke: Query<[version: number]>
  readonly sweep: StatementSync
  readonly revokeByUser: StatementSync
  readonly revokeByExternalId: StatementSync
  readonly countByUser: StatementSync
  readonly countLive: StatementSync
  readonly countUsersSeen: StatementSync
  readonly lastRow: StatementSync
  readonly dataVersion: StatementSync
  readonly revokeSlice: StatementSync
  readonly findHit: StatementSync
  readonly putHit: StatementSync
  readonly sweepHits: StatementSync
}

/** A statement whose rows come back as tuples. */
export interface Query<Tuple> {
  readonly sourceSQL: string
  one(...values: Value[]): Tuple | undefined
  all(...values: Value[]): Tuple[]
}

export type DataRow = readonly [
  rowid: number,
  epoch: number,
  version: number,
  expiresAt: number,
  data: string,
]

export function prepareStatements(database: DatabaseSync, prefix: string): Statements {
  const table = `"${prefix}sessions"`
  const hits = `"${prefix}hits"`
  const prepare = (sql: string): StatementSync => database.prepare(sql)
  const all = COLUMNS.join(", ")
  const places = COLUMNS.map(() => "?").join(", ")
  return {
    begin: prepare("BEGIN IMMEDIATE"),
    commit: prepare("COMMIT"),
    find: prepareQuery(prepare(`SELECT ${all} FROM ${table} WHERE id = ?`)),
    findMany: prepareQuery(
      prepare(`SELECT ${all} FROM ${table} WHERE id IN (SELECT value FROM json_each(?))`),
    ),
    findByUser: prepareQuery(
      prepare(
        `SELECT ${all} FROM ${table} WHERE user_id = ? AND expires_at > ? ORDER BY authenticated_at, id`,
      ),
    ),
    create: prepare(
      `INSERT INTO ${table} (${all}) VALUES (${places})
       ON CONFLICT (id) DO UPDATE SET ${COLUMNS.map(column => `${column} = excluded.${column}`).join(", ")}
       WHERE ${table}.expires_at <= ?`,
    ),
    findData: prepareQuery(
      prepare(`SELECT rowid, epoch, version, expires_at, data FROM ${table} WHERE id = ?`),
    ),
    updateData: prepare(`UPDATE ${table} SET version = ?, data = ? WHERE rowid = ?`),
    update: prepareUpdates(prepare, table),
    touch: prepareQuery(
      prepare(
        `UPDATE ${table} SET
           last_seen_at = max(last_seen_at, ?),
           expires_at = min(absolute_expires_at, max(expires_at, ?)),
           previous_confirmed_at = CASE WHEN generation = ? AND previous_secret_hash IS NOT NULL
             THEN coalesce(previous_confirmed_at, ?) ELSE previous_confirmed_at END
         WHERE id = ? AND expires_at > ? RETURNING version`,
      ),
    ),
    revoke: prepareQuery(prepare(`DELETE FROM ${table} WHERE id = ? AND expires_at > ? RETURNING version`)),
    sweep: prepare(
      `DELETE FROM ${table} WHERE id IN (SELECT id FROM ${table} WHERE expires_at <= ? ORDER BY expires_at LIMIT ?) RETURNING id`,
    ),
    revokeByUser: prepare(
      `DELETE FROM ${table} WHERE user_id = ? AND expires_at > ? AND id IS NOT ? RETURNING id`,
    ),
    revokeByExternalId: prepare(`DELETE FROM ${table} WHERE external_id = ? AND expires_at > ? RETURNING id`),
    countByUser: prepare(`SELECT count(*) AS n FROM ${table} WHERE user_id = ? AND expires_at > ?`),
    countLive: prepare(`SELECT count(*) AS n FROM ${table} WHERE expires_at > ?`),
    countUsersSeen: prepare(
      `SELECT count(DISTINCT user_id) AS n FROM ${table} WHERE last_seen_at >= ? AND expires_at > ?`,
    ),
    dataVersion: prepare("SELECT data_version AS n FROM pragma_data_version"),
    lastRow: prepare(`SELECT max(rowid) AS n FROM ${table}`),
    revokeSlice: prepare(
      `DELETE FROM ${table} WHERE rowid IN (SELECT rowid FROM ${table} WHERE rowid <= ? ORDER BY rowid LIMIT ?) RETURNING expires_at`,
    ),
    findHit: prepare(`SELECT window_start, current, previous FROM ${hits} WHERE key = ?`),
    putHit: prepare(
      `INSERT OR REPLACE INTO ${hits} (key, window_start, current, previous, ends_at) VALUES (?, ?, ?, ?, ?)`,
    ),
    sweepHits: prepare(
      `DELETE FROM ${hits} WHERE key IN (SELECT key FROM ${hits} WHERE ends_at <= ? ORDER BY ends_at LIMIT ?)`,
    ),
  }
}

/** Few of the possible combinations occur: one per kind of change and option in use. */
function prepareUpdates(
  prepare: (sql: string) => StatementSync,
  table: string,
): (columns: readonly Column[]) => StatementSync {
  const prepared = new Map<string, StatementSync>()
  return columns => {
    const assignments = columns.map(column => `${column} = ?`).join(", ")
    let statement = prepared.get(assignments)
    if (!statement) {
      statement = prepare(`UPDATE ${table} SET ${assignments} WHERE id = ?`)
      prepared.set(assignments, statement)
    }
    return statement
  }
}

function prepareQuery<Tuple>(statement: StatementSync): Query<Tuple> {
  const { sourceSQL } = statement
  if (typeof statement.setReturnArrays !== "function") {
    // Node before 22.16 has no arrays; the object's values come in the order of the columns.
    const tuple = (object: object): Tuple => Object.values(object) as unknown as Tuple
    return {
      sourceSQL,
      one: (...values) => {
        const object = statement.get(...values)
        return object && tuple(object)
      },
      all: (...values) => statement.all(...values).map(tuple),
    }
  }
  statement.setReturnArrays(true)
  return {
    sourceSQL,
    one: (...values) => statement.get(...values) as unknown as Tuple | undefined,
    all: (...values) => statement.all(...values) as unknown as Tuple[],
  }
}
