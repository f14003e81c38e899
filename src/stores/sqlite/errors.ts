import { isSessionError, SessionError, type SessionErrorCode } from "../../contract/errors.ts"

/** SQLite's primary result codes: https://sqlite.org/rescode.html. An extended code has one in its low byte. */
const PERM = 3
const BUSY = 5
const LOCKED = 6
const READONLY = 8
const IOERR = 10
const CORRUPT = 11
const FULL = 13
const CANTOPEN = 14
const NOTADB = 26

type Explanation = readonly [code: SessionErrorCode, what: string, todo: string]

const EXPLANATIONS: ReadonlyMap<number, Explanation> = new Map<number, Explanation>([
  [
    BUSY,
    [
      "ERR_SESSION_STORE_TIMEOUT",
      "is locked by another process for longer than busyTimeout",
      "End what holds a transaction open (a backup, a shell), or raise busyTimeout.",
    ],
  ],
  [
    READONLY,
    [
      "ERR_SESSION_STORE_UNAVAILABLE",
      "cannot be written",
      "Give this process write access to the file and to its directory, where SQLite keeps the -wal and -shm files.",
    ],
  ],
  [
    CANTOPEN,
    [
      "ERR_SESSION_STORE_UNAVAILABLE",
      "cannot be opened",
      "Create the directory and give this process read and write access to it.",
    ],
  ],
  [
    FULL,
    [
      "ERR_SESSION_STORE_UNAVAILABLE",
      "has no room left: the disk or its quota is full",
      "Free space on its disk. Nothing of the refused call was stored.",
    ],
  ],
  [
    IOERR,
    [
      "ERR_SESSION_STORE_UNAVAILABLE",
      "met an input/output error",
      "Check the disk and its free space; a network file system does not do for SQLite.",
    ],
  ],
  [
    CORRUPT,
    [
      "ERR_SESSION_STORE_CORRUPT",
      "is damaged",
      "Stop every process that uses it, move it away together with its -wal and -shm files and start afresh, or restore a backup.",
    ],
  ],
  [
    NOTADB,
    [
      "ERR_SESSION_STORE_CORRUPT",
      "is not a SQLite database",
      "Give the path of another file, or move this one away.",
    ],
  ],
])

const UNKNOWN: Explanation = ["ERR_SESSION_STORE_UNAVAILABLE", "failed", "See the cause."]

/** What SQLite threw, as the error that this library promises. */
export function sqliteError(error: unknown, path: string): SessionError {
  if (isSessionError(error)) return error
  const result = resultCode(error)
  const known = result === LOCKED ? BUSY : result === PERM ? READONLY : result
  const [code, what, todo] = EXPLANATIONS.get(known) ?? UNKNOWN
  const reason = error instanceof Error ? error.message : String(error)
  return new SessionError(code, `The session database ${path} ${what} (${reason}). ${todo}`, error)
}

/** Whether another connection holds the lock that was wanted, so that waiting helps. */
export function isBusy(error: unknown): boolean {
  const result = resultCode(error)
  return result === BUSY || result === LOCKED
}

/** The primary result code, or 0 when SQLite did not throw it. */
function resultCode(error: unknown): number {
  if (!(error instanceof Error) || !("errcode" in error)) return 0
  return typeof error.errcode === "number" ? error.errcode & 0xff : 0
}

export const closedError = (): SessionError =>
  new SessionError(
    "ERR_SESSION_CLOSED",
    "The SQLite store has been closed. Open another one, or close it only after the last request.",
  )

export const unreadableRow = (id: string, cause: unknown): SessionError =>
  new SessionError(
    "ERR_SESSION_STORE_CORRUPT",
    `The record of session ${id} cannot be decoded: something else has written to its row. Delete the row, or restore a backup.`,
    cause,
  )
