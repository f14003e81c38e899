import { closeSync, openSync } from "node:fs"
import type { DatabaseSync } from "node:sqlite"
import { SessionError } from "../../contract/errors.ts"
import { migrate } from "./migrations.ts"
import { MEMORY, type SqliteSettings } from "./options.ts"

/**
 * After so many pages of 4 KiB in the WAL, the commit that reaches them moves them into the database. Fewer, longer ones
 * save work, as a page that changed often moves once; on the main thread they would hold up the event loop.
 */
const CHECKPOINT_PAGES = { thread: 4000, main: 1000 }

/** The WAL is cut back to this many bytes when a checkpoint has emptied it after a burst. */
const WAL_KEPT = 4000 * 4096

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
    database.exec("PRAGMA journal_mode = WAL")
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
      PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES[writer]};
      PRAGMA journal_size_limit = ${WAL_KEPT};
      PRAGMA temp_store = MEMORY;
    `)
    prepare(database)
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
