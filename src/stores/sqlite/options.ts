import { resolve } from "node:path"
import { SessionError } from "../../contract/errors.ts"

export interface SqliteOptions {
  /** The database file, or `:memory:`. Default `./sessions.db`. Created with mode 0600 if missing; its directory is not. */
  readonly path?: string
  /**
   * What an acknowledged change survives. `full` (default): power loss; every batch waits for the disk. `normal`: the
   * death of the process at any moment, but a power loss may take back the last changes, revocations among them.
   */
  readonly durability?: Durability
  /**
   * Where it writes. `thread` (default): a thread of its own, so that neither the disk nor a sweep ever holds up the event
   * loop. `main`: the caller's thread, for where no thread can be started, as in a bundle of one file. Reads are always
   * answered in the caller's thread, at once. `:memory:` has `main` alone.
   */
  readonly writer?: "thread" | "main"
  /** How long to wait for another process's transaction, in milliseconds. Default 5000. */
  readonly busyTimeout?: number
  /** What the names of the tables begin with. Default `sojourn_`. */
  readonly tablePrefix?: string
}

export const MEMORY = ":memory:"

export type Durability = "full" | "normal"

export type SqliteSettings = Required<SqliteOptions>

/** The options with their defaults. Throws `ERR_SESSION_CONFIG`. */
export function readOptions(options: SqliteOptions): SqliteSettings {
  const {
    path = "./sessions.db",
    durability = "full",
    busyTimeout = 5000,
    tablePrefix = "sojourn_",
  } = options
  const { writer = path === MEMORY ? "main" : "thread" } = options
  if (path === "" || path.includes("\0")) {
    throw wrong("path", path, `the name of a file or ":memory:"`)
  }
  if (durability !== "full" && durability !== "normal") {
    throw wrong("durability", durability, `"full" or "normal"`)
  }
  if (writer !== "main" && (writer !== "thread" || path === MEMORY)) {
    throw wrong(
      "writer",
      writer,
      path === MEMORY ? '"main", since :memory: has one connection' : '"thread" or "main"',
    )
  }
  if (!Number.isSafeInteger(busyTimeout) || busyTimeout < 0) {
    throw wrong("busyTimeout", busyTimeout, "a whole number of milliseconds, 0 or more")
  }
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,39}$/.test(tablePrefix) || /^sqlite_/i.test(tablePrefix)) {
    throw wrong(
      "tablePrefix",
      tablePrefix,
      "1 to 40 letters, digits and _, not beginning with a digit or sqlite_",
    )
  }
  return { path: path === MEMORY ? MEMORY : resolve(path), durability, writer, busyTimeout, tablePrefix }
}

const wrong = (option: string, value: unknown, wanted: string): SessionError =>
  new SessionError(
    "ERR_SESSION_CONFIG",
    `The SQLite store's option ${option} is ${JSON.stringify(value)}. Give ${wanted}.`,
  )
