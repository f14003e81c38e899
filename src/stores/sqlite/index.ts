/** Sessions in a SQLite database, through `node:sqlite`: the embedded default. Needs Node 22.13 or newer. */

import type {
  ClearableStore,
  CountingStore,
  ExternallyIndexedStore,
  HitCountingStore,
  ImmediateStore,
  ObservableStore,
  StoreContext,
  StoreFactory,
  UserIndexedStore,
} from "../../contract/store.ts"
import { loadSqlite, openDatabase, type Sqlite } from "./database.ts"
import { sqliteError } from "./errors.ts"
import { readOptions, type SqliteOptions, type SqliteSettings } from "./options.ts"
import { SessionTable } from "./session-table.ts"
import { SqliteStore } from "./store.ts"
import { WriterThread } from "./thread.ts"
import { parseSqliteUrl } from "./url.ts"
import { whileBusy } from "./waiting.ts"
import { mainWriter, type Writer } from "./writer.ts"

export type { Durability, SqliteOptions } from "./options.ts"
export { parseSqliteUrl } from "./url.ts"

/** What the SQLite store can do beyond the contract's four verbs. */
export type SqliteSessionStore = ImmediateStore &
  UserIndexedStore &
  ExternallyIndexedStore &
  CountingStore &
  ClearableStore &
  HitCountingStore &
  ObservableStore

/**
 * Opens the database, creating it and its tables if they are missing. Several processes may do so at once and share it.
 *
 * Throws `ERR_SESSION_CONFIG` (an option is wrong, the file cannot be created), `ERR_SESSION_UNSUPPORTED` (no
 * `node:sqlite`), `ERR_SESSION_STORE_CORRUPT` (no database, a damaged one, or one of a newer version),
 * `ERR_SESSION_STORE_TIMEOUT` (locked for longer than `busyTimeout`) and `ERR_SESSION_STORE_UNAVAILABLE` (all else).
 */
export async function createSqliteStore(
  options: SqliteOptions = {},
  context: StoreContext = { now: Date.now },
): Promise<SqliteSessionStore> {
  const settings = readOptions(options)
  const sqlite = await loadSqlite()
  const table = await openTable(sqlite, settings, context)
  try {
    const writer = await openWriter(table, settings)
    return new SqliteStore(table, writer, settings, context)
  } catch (error) {
    table.release()
    throw error
  }
}

/** Opens the store of a URL such as `sqlite:./sessions.db?durability=normal`; see {@link parseSqliteUrl}. */
export const openSqliteStore: StoreFactory = (url, context) => createSqliteStore(parseSqliteUrl(url), context)

async function openTable(
  sqlite: Sqlite,
  settings: SqliteSettings,
  { now }: StoreContext,
): Promise<SessionTable> {
  try {
    return await whileBusy(
      () => new SessionTable(openDatabase(sqlite, settings, now()), settings.tablePrefix),
      settings.busyTimeout,
    )
  } catch (error) {
    throw sqliteError(error, settings.path)
  }
}

const openWriter = async (table: SessionTable, settings: SqliteSettings): Promise<Writer> =>
  settings.writer === "main" ? mainWriter(table) : WriterThread.start(settings)
