/** The permanent codes of {@link SessionError}. A new failure gets a new code; a code never changes its meaning. */
export type SessionErrorCode =
  /** An option is wrong or contradicts another. Thrown at start. */
  | "ERR_SESSION_CONFIG"
  /** The store failed or cannot be reached. */
  | "ERR_SESSION_STORE_UNAVAILABLE"
  /** The store did not answer within the deadline; a change may or may not have been stored. */
  | "ERR_SESSION_STORE_TIMEOUT"
  /** Another process holds the store. */
  | "ERR_SESSION_STORE_LOCKED"
  /** The store's content cannot be read: it is damaged or was written by a newer version. */
  | "ERR_SESSION_STORE_CORRUPT"
  /** The store is full: its own limit of sessions or bytes is reached. */
  | "ERR_SESSION_STORE_FULL"
  /** The store lacks a capability that the call needs. */
  | "ERR_SESSION_UNSUPPORTED"
  /** The manager or store has been closed. */
  | "ERR_SESSION_CLOSED"
  /** Too many store operations wait already. */
  | "ERR_SESSION_OVERLOADED"
  /** The session ended meanwhile (revoked or expired): nothing was changed. */
  | "ERR_SESSION_GONE"
  /** The call needs somebody who is logged in. */
  | "ERR_SESSION_NOT_LOGGED_IN"
  /** Another change won: the privilege epoch moved on, or an update ran out of retries. */
  | "ERR_SESSION_CONFLICT"
  /** The session's data is not loaded yet: `await session.load()` first. */
  | "ERR_SESSION_NOT_LOADED"
  /** The response has left already, so the change could not reach the client. */
  | "ERR_SESSION_HEADERS_SENT"
  /** The codec cannot carry the value. */
  | "ERR_SESSION_NOT_SERIALIZABLE"
  /** A stored value cannot be decoded. */
  | "ERR_SESSION_UNREADABLE_VALUE"
  /** The value does not fit the key's schema. */
  | "ERR_SESSION_INVALID_VALUE"
  /** A key is empty, too long or not a string. */
  | "ERR_SESSION_INVALID_KEY"
  /** A limit on keys, value length or session size. */
  | "ERR_SESSION_TOO_MANY_KEYS"
  | "ERR_SESSION_VALUE_TOO_LARGE"
  | "ERR_SESSION_TOO_LARGE"
  /** The user has as many sessions as allowed, and the limit refuses rather than evicts. */
  | "ERR_SESSION_USER_LIMIT"
  /** An unsafe request came from a page of another site. */
  | "ERR_SESSION_CROSS_ORIGIN"
  /** An argument of a call is wrong. */
  | "ERR_SESSION_INVALID_ARGUMENT"

/** What an HTTP server answers when a request fails with the code; 500 for the rest. */
const STATUS: Partial<Record<SessionErrorCode, number>> = {
  ERR_SESSION_GONE: 401,
  ERR_SESSION_NOT_LOGGED_IN: 401,
  ERR_SESSION_CONFLICT: 409,
  ERR_SESSION_CROSS_ORIGIN: 403,
  ERR_SESSION_USER_LIMIT: 409,
  ERR_SESSION_STORE_UNAVAILABLE: 503,
  ERR_SESSION_STORE_TIMEOUT: 503,
  ERR_SESSION_STORE_LOCKED: 503,
  ERR_SESSION_STORE_FULL: 503,
  ERR_SESSION_OVERLOADED: 503,
  ERR_SESSION_CLOSED: 503,
}

/** The one class of error that this library throws: match on `code`. */
export class SessionError extends Error {
  readonly code: SessionErrorCode
  /** The HTTP status that the failure stands for, where error handlers such as Express's look for it. */
  readonly status: number

  constructor(code: SessionErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = "SessionError"
    this.code = code
    this.status = STATUS[code] ?? 500
  }
}

export const isSessionError = (error: unknown, code?: SessionErrorCode): error is SessionError =>
  error instanceof SessionError && (code === undefined || error.code === code)
