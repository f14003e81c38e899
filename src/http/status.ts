import { isSessionError } from "../contract/errors.ts"

/** The HTTP status of an answer that had to be given up for this error. */
export const statusOf = (error: unknown): number => (isSessionError(error) ? error.status : 500)

/** The text of that answer, which tells a stranger nothing of the inside. */
export const textOf = (status: number): string => {
  if (status === 401) return "Your session has ended. Please log in again.\n"
  if (status === 403) return "This request came from another site.\n"
  if (status === 409) return "Your session changed meanwhile. Please try again.\n"
  if (status === 503) return "The service is busy. Please try again.\n"
  return "Internal server error.\n"
}

/** Prints what an operator has to know of; that a session ended or changed meanwhile is everyday life. */
export const logFailure = (error: unknown): void => {
  if (statusOf(error) >= 500) console.error(error)
}
