import { SessionError } from "../../contract/errors.ts"

/** How long one call may go on: until the caller's signal or the statement timeout, whichever comes first. */
export class CallLimit {
  /** Rejects when it is over; never resolves. */
  readonly over: Promise<never>
  #isOver = false
  readonly #signal: AbortSignal | undefined
  readonly #onAbort: () => void
  readonly #timer: NodeJS.Timeout

  constructor(signal: AbortSignal | undefined, milliseconds: number) {
    let end: (error: SessionError) => void = () => {}
    this.over = new Promise((_, reject) => {
      end = error => {
        this.#isOver = true
        reject(error)
      }
    })
    // Whoever is not waiting at the moment it ends learns of it by `isOver`.
    this.over.catch(() => {})
    this.#signal = signal
    this.#onAbort = () => end(givenUp(signal?.reason))
    this.#timer = setTimeout(() => end(timedOut(milliseconds)), milliseconds)
    if (signal?.aborted) this.#onAbort()
    else signal?.addEventListener("abort", this.#onAbort, { once: true })
  }

  get isOver(): boolean {
    return this.#isOver
  }

  clear(): void {
    clearTimeout(this.#timer)
    this.#signal?.removeEventListener("abort", this.#onAbort)
  }
}

const givenUp = (reason: unknown): SessionError =>
  new SessionError(
    "ERR_SESSION_STORE_TIMEOUT",
    "The caller gave the PostgreSQL store's statement up before the answer came. A change may or may not have been stored; see the cause.",
    reason,
  )

const timedOut = (milliseconds: number): SessionError =>
  new SessionError(
    "ERR_SESSION_STORE_TIMEOUT",
    `PostgreSQL did not answer within ${milliseconds} ms (statementTimeout), the wait for a connection included. A change may or may not have been stored. Look for locks in pg_stat_activity, give the pool more connections, or raise statementTimeout.`,
  )
