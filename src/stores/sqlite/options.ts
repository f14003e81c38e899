import { SessionError } from "../../contract/errors.ts"

export interface SqliteOptions {
  /** The database file, or `:memory:`. Default `./sessions.db`. Created with mode 0600 if missing; its directory is not. */
  readonly path?: string
  /**
   * What an acknowledged change survives. `full` (default): power loss; every batch waits for the disk. `normal`: the
   * death of the process at any moment, but a power loss may take back the last changes, revocations among them.
   */
  readonly durability?: Durability
  /** How long to wait for another process's transaction, in milliseconds. Default 5000. */
  readonly busyTimeout?: number
  /** What the names of the tables begin with. Default `sojourn_`. */
  readonly tablePrefix?: string
}

export type Durability = "full" | "normal"

export type SqliteSettings = Required<SqliteOptions>

/** The options with their defaults. Throws `ERR_SESSION_CONFIG`. */
export function readOptions(options: SqliteOptions): SqliteSettings {
  const { path = "./sessions.db", durability = "full", busyTimeout = 5000, tablePrefix = "sojourn_" } = options
  if (path === "" || path.includes("\0")) {
    throw wrong("path", path, `the name of a file or ":memory:"`)
  }
  if (durability !== "full" && durability !== "normal") {
    throw wrong("durability", durability, `"full" or "normal"`)
  }
  if (!Number.isSafeInteger(busyTimeout) || busyTimeout < 0) {
    throw wrong("busyTimeout", busyTimeout, "a whole number of milliseconds, 0 or more")
  }
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,39}$/.test(tablePrefix) || /^sqlite_/i.test(tablePrefix)) {
    throw wrong("tablePrefix", tablePrefix, "1 to 40 letters, digits and _, not beginning with a digit or sqlite_")
  }
  return { path, durability, busyTimeout, tablePrefix }
}

const wrong = (option: string, value: unknown, wanted: string): SessionError =>
  new SessionError(
    "ERR_SESSION_CONFIG",
    `The SQLite store's option ${option} is ${JSON.stringify(value)}. Give ${wanted}.`,
  )
