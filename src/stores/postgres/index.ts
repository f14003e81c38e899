/** Sessions in PostgreSQL 13 or newer, through the package `pg` or a pool of its shape. */

import type { StoreContext } from "../../contract/store.ts"
import { Database } from "./database.ts"
import { type ConnectFeed, connectNew, connectPooled } from "./feed-connection.ts"
import { prepareDatabase } from "./migrate.ts"
import { lockStatement, SCHEMA_VERSION, statementsFrom } from "./migrations.ts"
import { quoteName } from "./names.ts"
import type { MigrationOptions } from "./options.ts"
import { type PostgresOptions, type PostgresSettings, readMigrationOptions, readOptions } from "./options.ts"
import { connectionConfig, loadPg, type PgModule } from "./pool.ts"
import { PostgresStore, type StoreParts } from "./store.ts"
import { parsePostgresUrl } from "./url.ts"

export type { MigrationOptions, PostgresOptions, PostgresSettingsOptions } from "./options.ts"
export type { PostgresClient, PostgresPool, PostgresQuery, PostgresRow } from "./pool.ts"
export type { PostgresStore } from "./store.ts"
export { parsePostgresUrl } from "./url.ts"

/**
 * Opens the store, creating its tables if they are missing. Several nodes may do so at once.
 *
 * Throws `ERR_SESSION_CONFIG` (an option is wrong, `pg` or the tables are missing and may not be made),
 * `ERR_SESSION_UNSUPPORTED` (a server before 13, an encoding other than UTF8), `ERR_SESSION_STORE_CORRUPT` (tables of
 * a newer version), `ERR_SESSION_STORE_TIMEOUT` and `ERR_SESSION_STORE_UNAVAILABLE` (all else).
 */
export async function createPostgresStore(
  given: PostgresOptions,
  context: StoreContext = { now: Date.now },
): Promise<PostgresStore> {
  const options = withParameters(given)
  const settings = readOptions(options)
  const parts = await connectParts(options, settings)
  const { database, endPool } = parts
  try {
    await prepareDatabase(database, settings, settings.migrate)
    return new PostgresStore(parts, context)
  } catch (error) {
    await endPool().catch(() => undefined)
    await database.forgetPool()
    throw error
  }
}

/** Opens the store of a URL such as `postgres://app@db/app?schema=sessions`; see {@link parsePostgresUrl}. */
export const openPostgresStore = (url: string, context: StoreContext): Promise<PostgresStore> =>
  createPostgresStore(parsePostgresUrl(url), context)

/**
 * The SQL that creates the tables, or brings those of version `from` up to date: for an administrator to run, with
 * `psql --single-transaction`.
 */
export function postgresMigrations(options: MigrationOptions = {}): string {
  const { from, ...place } = readMigrationOptions(options, SCHEMA_VERSION)
  const schema = `CREATE SCHEMA IF NOT EXISTS ${quoteName(place.schema)};`
  return [`${lockStatement(place)};`, schema, statementsFrom(from, place), ""].join("\n")
}

/** What stands in the URL counts, too; an option beside it comes first. */
function withParameters(options: PostgresOptions): PostgresOptions {
  if (typeof options?.url !== "string" || options.pool !== undefined) return options
  const parsed = parsePostgresUrl(options.url)
  return { ...parsed, ...options, url: parsed.url }
}

async function connectParts(options: PostgresOptions, settings: PostgresSettings): Promise<StoreParts> {
  const { listenUrl } = settings
  const connectTo = (pg: PgModule, url: string): ConnectFeed =>
    connectNew(() => new pg.Client(connectionConfig(url, settings)))
  if (options.pool) {
    const connectFeed =
      listenUrl === undefined ? connectPooled(options.pool) : connectTo(await loadPg(), listenUrl)
    return { database: new Database(options.pool, settings), settings, connectFeed, endPool: async () => {} }
  }
  const pg = await loadPg()
  const pool = new pg.Pool({ ...connectionConfig(options.url, settings), max: settings.poolSize })
  // For good: `end` does not wait for connections that say goodbye, and the server may cut one of them off.
  pool.on?.("error", () => {})
  return {
    database: new Database(pool, settings),
    settings,
    connectFeed: connectTo(pg, listenUrl ?? options.url),
    endPool: () => pool.end(),
  }
}
