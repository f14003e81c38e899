import { lockNumberFor, type Names, namesFor, quoteText } from "./names.ts"

/** Where the tables are, and of which sort. */
export interface Place {
  readonly schema: string
  readonly tablePrefix: string
  readonly unlogged: boolean
}

/**
 * What each version of the schema adds; number n stands at index n - 1. Released ones never change.
 *
 * Times are float8, as JavaScript has them. No column that a use of the session changes is indexed, so that a touch
 * stays within its page (a HOT update): `due_at` is when the sweep has to look at the session, at its end or earlier, and is
 * moved on only then. No key of the data ends before `keys_end_at`, if any ends at all. Users and external ids are hashed, for
 * they may be longer than a B-tree allows.
 */
const MIGRATIONS: readonly ((names: Names, unlogged: boolean) => string)[] = [
  (names, unlogged) => `
CREATE ${unlogged ? "UNLOGGED " : ""}TABLE ${names.sessions} (
  id text COLLATE "C" PRIMARY KEY,
  secret_hash text NOT NULL,
  previous_secret_hash text,
  previous_confirmed_at float8,
  epoch bigint NOT NULL,
  version bigint NOT NULL,
  generation bigint NOT NULL,
  created_at float8 NOT NULL,
  rotated_at float8 NOT NULL,
  last_seen_at float8 NOT NULL,
  idle_timeout float8 NOT NULL,
  absolute_expires_at float8 NOT NULL,
  expires_at float8 NOT NULL,
  persistent boolean NOT NULL,
  user_id text COLLATE "C",
  authenticated_at float8,
  login_facts text,
  external_id text COLLATE "C",
  client text NOT NULL,
  data jsonb NOT NULL,
  keys_end_at float8,
  due_at float8 NOT NULL
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX ${names.index("sessions_by_due")} ON ${names.sessions} (due_at);
CREATE INDEX ${names.index("sessions_by_user")} ON ${names.sessions} USING hash (user_id);
CREATE INDEX ${names.index("sessions_by_external")} ON ${names.sessions} USING hash (external_id);
CREATE ${unlogged ? "UNLOGGED " : ""}TABLE ${names.hits} (
  key text COLLATE "C" PRIMARY KEY,
  window_start float8 NOT NULL,
  current float8 NOT NULL,
  previous float8 NOT NULL,
  ends_at float8 NOT NULL,
  last_window float8 NOT NULL,
  last_limit float8 NOT NULL,
  last_cost float8 NOT NULL,
  last_allowed boolean NOT NULL
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX ${names.index("hits_by_end")} ON ${names.hits} (ends_at);`,
]

export const SCHEMA_VERSION = MIGRATIONS.length

/** The statements that bring the schema from one version to the newest, for one transaction. */
export function statementsFrom(version: number, { schema, tablePrefix, unlogged }: Place): string {
  const names = namesFor(schema, tablePrefix)
  const steps = MIGRATIONS.slice(version).map(
    (sql, index) =>
      `${sql(names, unlogged).trim()}\nINSERT INTO ${names.migrations} (version) VALUES (${version + index + 1});`,
  )
  const table = `CREATE TABLE IF NOT EXISTS ${names.migrations} (version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now());`
  return [table, ...steps].join("\n")
}

/** Waits for whoever else migrates in this schema; the lock ends with the transaction. */
export const lockStatement = ({ schema }: Place): string =>
  `SELECT pg_advisory_xact_lock(${lockNumberFor(schema)})`

export const versionQuery = ({ schema, tablePrefix }: Place): string =>
  `SELECT coalesce(max(version), 0) AS version FROM ${namesFor(schema, tablePrefix).migrations}`

/** Asks the catalog's tables: functions such as `to_regclass` may answer out of a cache that is older than the lock. */
export function existsQuery({ schema, tablePrefix }: Place): string {
  const inSchema = `nspname = ${quoteText(schema)}`
  return `SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE ${inSchema}) AS schema,
  EXISTS (SELECT FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace AS n ON n.oid = relnamespace
    WHERE ${inSchema} AND relname = ${quoteText(`${tablePrefix}migrations`)}) AS migrations`
}
