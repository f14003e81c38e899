import { closeSync, openSync } from "node:fs"
import { resolve } from "node:path"
import type { DatabaseSync } from "node:sqlite"
import { SessionError } from "../../contract/errors.ts"
import { migrate } from "./migrations.ts"
import type { SqliteSettings } from "./options.ts"

export const MEMORY = ":memory:"

/** The WAL is cut back to this many bytes when a checkpoint has emptied it after a burst. */
const WAL_KEPT = 16 * 1024 * 1024

type Sqlite = typeof import("node:sqlite")

/** Loads `node:sqlite`, which is there since Node 22.13. Throws `ERR_SESSION_UNSUPPORTED` below that. */
export async function loadSqlite(
  load: () => Promise<Sqlite> = () => import("node:sqlite"),
): Promise<Sqlite> {
  try {
    return await load()
  } catch (error) {
    throw new SessionError(
      "ERR_SESSION_UNSUPPORTED",
      `The SQLite store needs node:sqlite, which Node ${process.version} does not offer. Run Node 22.13 or newer, or choose another store, such as file: or postgres:.`,
      error,
    )
  }
}

/** Opens the database and brings its schema up to date. Throws what SQLite throws; `SQLITE_BUSY` means: try again. */
export function openDatabase(sqlite: Sqlite, settings: SqliteSettings, now: number): DatabaseSync {
  const { path, durability, tablePrefix } = settings
  if (path !== MEMORY) createFile(path)
  const database = new sqlite.DatabaseSync(path === MEMORY ? MEMORY : resolve(path))
  try {
    database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA journal_size_limit = ${WAL_KEPT};
      PRAGMA synchronous = ${durability};
      PRAGMA fullfsync = ${durability === "full" ? "ON" : "OFF"};
      PRAGMA temp_store = MEMORY;
    `)
    migrate(database, tablePrefix, now)
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
