import { isSessionError, SessionError, type SessionErrorCode } from "../../contract/errors.ts"

type Explanation = readonly [code: SessionErrorCode, what: string, todo: string]

const CANNOT_PREPARE: Explanation = [
  "ERR_SESSION_STORE_UNAVAILABLE",
  "lost or refused what the store had set on its connection, as PgBouncer in transaction mode does",
  "Set prepare: false (?prepare=false in the URL), and give listenUrl a URL that leads to the server itself.",
]

const CUT_OFF: Explanation = ["ERR_SESSION_STORE_UNAVAILABLE", "cut the connection off", "Try again."]

const TOO_SLOW: Explanation = [
  "ERR_SESSION_STORE_TIMEOUT",
  "ended the statement after its timeout",
  "Nothing of the statement was stored. Look for locks in pg_stat_activity, or raise statementTimeout.",
]

const LOGIN_REFUSED: Explanation = [
  "ERR_SESSION_STORE_UNAVAILABLE",
  "refused the login",
  "Correct user and password in the URL or pool, or the server's pg_hba.conf.",
]

/** SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html. Five characters, or a class of two. */
const EXPLANATIONS: ReadonlyMap<string, Explanation> = new Map<string, Explanation>([
  ["08P01", CANNOT_PREPARE],
  ["26000", CANNOT_PREPARE],
  ["42P05", CANNOT_PREPARE],
  ["08", CUT_OFF],
  ["57P", CUT_OFF],
  ["57014", TOO_SLOW],
  ["55P03", TOO_SLOW],
  ["28", LOGIN_REFUSED],
  [
    "3D000",
    [
      "ERR_SESSION_STORE_UNAVAILABLE",
      "has no such database",
      "Create it, or name another one in the URL or pool.",
    ],
  ],
  [
    "42501",
    [
      "ERR_SESSION_STORE_UNAVAILABLE",
      "denied a right",
      "The store needs USAGE on its schema, and SELECT, INSERT, UPDATE and DELETE on its tables.",
    ],
  ],
  [
    "42P01",
    [
      "ERR_SESSION_STORE_UNAVAILABLE",
      "has lost the store's tables",
      "Open the store again with migrate: true, or restore a backup.",
    ],
  ],
  [
    "53",
    [
      "ERR_SESSION_STORE_UNAVAILABLE",
      "has too little room: connections, memory or disk",
      "Make poolSize smaller, raise max_connections, or free space on its disk.",
    ],
  ],
  [
    "25006",
    [
      "ERR_SESSION_STORE_UNAVAILABLE",
      "is read-only",
      "Lead the URL or pool to the primary server, not to a standby.",
    ],
  ],
  [
    "40",
    [
      "ERR_SESSION_STORE_UNAVAILABLE",
      "rolled the statement back, because others were faster",
      "Nothing of it was stored. Leave default_transaction_isolation of the store's user at read committed.",
    ],
  ],
  ["XX", ["ERR_SESSION_STORE_CORRUPT", "met an error within itself", "See the server's log."]],
])

const UNKNOWN: Explanation = ["ERR_SESSION_STORE_UNAVAILABLE", "failed", "See the cause."]

const UNREACHABLE: Explanation = [
  "ERR_SESSION_STORE_UNAVAILABLE",
  "cannot be reached, or the connection was lost",
  "See whether the server is up, and host and port in the URL or pool are right.",
]

/** What `pg` threw, as the error that this library promises. */
export function postgresError(error: unknown): SessionError {
  if (isSessionError(error)) return error
  const [code, what, todo] = explain(error)
  return new SessionError(code, `PostgreSQL ${what} (${reasonOf(error)}). ${todo}`, error)
}

function explain(error: unknown): Explanation {
  const state = sqlState(error)
  if (state === undefined) return UNREACHABLE
  for (const length of [5, 3, 2]) {
    const found = EXPLANATIONS.get(state.slice(0, length))
    if (found) return found
  }
  return UNKNOWN
}

/** The server's own code; `undefined` when it is no answer of the server. */
export function sqlState(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined
  return typeof error.code === "string" && /^[0-9A-Z]{5}$/.test(error.code) && "severity" in error
    ? error.code
    : undefined
}

/** Whether the connection is still good: the server has answered, and the answer was not its farewell. */
export function leavesConnectionGood(error: unknown): boolean {
  const state = sqlState(error)
  return state !== undefined && !/^(?:08|57P|26|42P05|XX)/.test(state) && severityOf(error) === "ERROR"
}

const severityOf = (error: unknown): unknown =>
  error instanceof Error && "severity" in error ? error.severity : undefined

/** Several addresses of a host fail in one error without a message. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === "") return error.errors.map(reasonOf).join("; ")
  return error instanceof Error ? error.message : String(error)
}

export const closedError = (): SessionError =>
  new SessionError(
    "ERR_SESSION_CLOSED",
    "The PostgreSQL store has been closed. Open another one, or close it only after the last request.",
  )

export const unreadableRow = (id: unknown, cause: unknown): SessionError =>
  new SessionError(
    "ERR_SESSION_STORE_CORRUPT",
    `The record of session ${String(id)} cannot be decoded: something else has written to its row. Delete the row, or restore a backup.`,
    cause,
  )
