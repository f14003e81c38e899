import { isSessionError, type SessionErrorCode } from "../contract/errors.ts"

const STATUS: Partial<Record<SessionErrorCode, number>> = {
  ERR_SESSION_GONE: 401,
  ERR_SESSION_CONFLICT: 409,
  ERR_SESSION_USER_LIMIT: 409,
  ERR_SESSION_STORE_UNAVAILABLE: 503,
  ERR_SESSION_STORE_TIMEOUT: 503,
  ERR_SESSION_STORE_LOCKED: 503,
  ERR_SESSION_STORE_FULL: 503,
  ERR_SESSION_OVERLOADED: 503,
  ERR_SESSION_CLOSED: 503,
}

/** The HTTP status of an answer that had to be given up for this error. */
export const statusOf = (error: unknown): number => (isSessionError(error) && STATUS[error.code]) || 500

/** The text of that answer, which tells a stranger nothing of the inside. */
export const textOf = (status: number): string => {
  if (status === 401) return "Your session has ended. Please log in again.\n"
  if (status === 409) return "Your session changed meanwhile. Please try again.\n"
  if (status === 503) return "The service is busy. Please try again.\n"
  return "Internal server error.\n"
}
