import { isSessionError, SessionError } from "../contract/errors.ts"

/** How long a store call may take, in milliseconds. */
export type Deadline = number

/**
 * Runs a store call and rejects with `ERR_SESSION_STORE_TIMEOUT` when it takes longer (G12). The store is told by the
 * signal; whether it obeys or not, the caller waits no longer. What else the store throws comes out typed.
 */
export async function withDeadline<Answer>(
  operation: string,
  deadline: Deadline,
  call: (signal: AbortSignal) => Promise<Answer>,
): Promise<Answer> {
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = timeout(operation, deadline)
      reject(error)
      controller.abort(error)
    }, deadline)
  })
  try {
    return await Promise.race([call(controller.signal), late])
  } catch (error) {
    throw typed(operation, error)
  } finally {
    clearTimeout(timer)
  }
}

/** The error of a store call that took too long. */
export const timeout = (operation: string, deadline: Deadline): SessionError =>
  new SessionError(
    "ERR_SESSION_STORE_TIMEOUT",
    `the store did not answer ${operation} within ${deadline} ms: whether a change was stored is unknown; ` +
      "see whether the store is up and fast enough, or raise storeTimeout",
  )

/** The error as a `SessionError`, so that a driver's own failure has a code as well. */
export const typed = (operation: string, error: unknown): SessionError =>
  isSessionError(error)
    ? error
    : new SessionError(
        "ERR_SESSION_STORE_UNAVAILABLE",
        `the store failed to ${operation}: ${error instanceof Error ? error.message : String(error)}`,
        error,
      )

/** Whether the store failed, rather than refused. */
export const isStoreFailure = (error: unknown): boolean =>
  isSessionError(error) && error.code.startsWith("ERR_SESSION_STORE_")
