import { setTimeout as delay } from "node:timers/promises"
import { SessionError } from "../../contract/errors.ts"
import { isBusy } from "./errors.ts"

/**
 * Tries until no other process holds the lock, `limit` milliseconds long, and then throws the last `SQLITE_BUSY`.
 * SQLite's own busy handler would sleep in the thread, and on the main thread that stops everything.
 */
export async function whileBusy<T>(
  attempt: () => T | Promise<T>,
  limit: number,
  signal?: AbortSignal,
): Promise<T> {
  const start = performance.now()
  for (;;) {
    if (signal?.aborted) throw abandoned(signal)
    try {
      return await attempt()
    } catch (error) {
      if (!isBusy(error) || performance.now() - start >= limit) throw error
    }
    // Jitter, so that two processes do not keep meeting.
    await delay(1 + Math.random() * 4)
  }
}

const abandoned = (signal: AbortSignal): SessionError =>
  new SessionError(
    "ERR_SESSION_STORE_TIMEOUT",
    "The caller gave the store operation up before the database's lock was free. Nothing was stored; try again.",
    signal.reason,
  )
