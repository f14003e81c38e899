import { closeSync, openSync } from "node:fs"
import type { DatabaseSync } from "node:sqlite"
import { SessionError } from "../../contract/errors.ts"
import { migrate } from "./migrations.ts"
import { MEMORY, type SqliteSettings } from "./options.ts"

const MEBIBYTE = 1024 * 1024

/**
 * The page size of a new file. A change writes the whole page that its session is in, so that small pages save work; the
 * pages of sessions of many kilobytes would become too many. A file that exists keeps its own.
 */
const PAGE_BYTES = 2048

/** How much of the file a connection may keep in memory. */
const CACHE_BYTES = 16 * MEBIBYTE

/**
 * The commit that brings the WAL to so many bytes moves its pages into the database. Fewer, longer such moves save work,
 * as a page that changed often moves once; on the main thread they would hold up the event loop.
 */
const CHECKPOINT_BYTES = { thread: 16 * MEBIBYTE, main: 4 * MEBIBYTE }

/** The WAL is cut back to this many bytes when a checkpoint has emptied it after a burst. */
const WAL_KEPT = 16 * MEBIBYTE

export type Sqlite = typeof import("node:sqlite")

/** Loads `node:sqlite`, which is there since Node 22.13. Throws `ERR_SESSION_UNSUPPORTED` below that. */
export async function loadSqlite(load: () => Promise<Sqlite> = () => import("node:sqlite")): Promise<Sqlite> {
  try {
    return await load()
  } catch (error) {
    throw new SessionError(
      "ERR_SESSION_UNSUPPORTED",
      `The SQLite store needs node:sqlite, which Node ${process.version} does not offer. Run Node 22.13 or newer, or choose another store, such as file:.`,
      error,
    )
  }
}

/**
 * Opens the database, creating it if missing, and brings its schema up to date. Throws what SQLite throws;
 * `SQLITE_BUSY` means: try again.
 */
export function openDatabase(sqlite: Sqlite, settings: SqliteSettings, now: number): DatabaseSync {
  if (settings.path !== MEMORY) createFile(settings.path)
  return openWith(sqlite, settings, database => {
    database.exec(`PRAGMA page_size = ${PAGE_BYTES}; PRAGMA journal_mode = WAL`)
    migrate(database, settings.tablePrefix, now)
  })
}

/** One more connection to a database that {@link openDatabase} has made ready. */
export function openWith(
  sqlite: Sqlite,
  settings: SqliteSettings,
  prepare: (database: DatabaseSync) => void = () => {},
): DatabaseSync {
  const { path, durability, writer } = settings
  const database = new sqlite.DatabaseSync(path)
  try {
    database.exec(`
      PRAGMA synchronous = ${durability};
      PRAGMA fullfsync = ${durability === "full" ? "ON" : "OFF"};
      PRAGMA cache_size = ${-CACHE_BYTES / 1024};
      PRAGMA journal_size_limit = ${WAL_KEPT};
      PRAGMA temp_store = MEMORY;
    `)
    prepare(database)
    const pageSize = Number(database.prepare("PRAGMA page_size").get()?.["page_size"])
    database.exec(`PRAGMA wal_autocheckpoint = ${Math.ceil(CHECKPOINT_BYTES[writer] / pageSize)}`)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/**
 * Creates a missing file for its owner alone; SQLite gives -wal and -shm the mode of the database. An existing file is
 * never opened here: closing it again would drop the locks that this process's other connections hold on it (POSIX).
 */
function createFile(path: string): void {
  try {
    closeSync(openSync(path, "ax", 0o600))
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return
    throw new SessionError(
      "ERR_SESSION_CONFIG",
      `The session database ${path} cannot be created (${error instanceof Error ? error.message : String(error)}). Create its directory and give this process write access to it, or give another path.`,
      error,
    )
  }
}
