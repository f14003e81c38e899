import { SessionError } from "../../contract/errors.ts"

/** How long one call may go on: until the caller's signal or the statement timeout, whichever comes first. */
export class CallLimit {
  #error: SessionError | undefined
  #abandon: (error: SessionError) => void = () => {}
  readonly #signal: AbortSignal | undefined
  readonly #onAbort: () => void
  readonly #timer: NodeJS.Timeout

  constructor(signal: AbortSignal | undefined, milliseconds: number) {
    this.#signal = signal
    this.#onAbort = () => this.#end(givenUp(signal?.reason))
    this.#timer = setTimeout(() => this.#end(timedOut(milliseconds)), milliseconds)
    if (signal?.aborted) this.#onAbort()
    else signal?.addEventListener("abort", this.#onAbort, { once: true })
  }

  get isOver(): boolean {
    return this.#error !== undefined
  }

  throwIfOver(): void {
    if (this.#error) throw this.#error
  }

  /** Settles as the work does, or rejects when it is over before; the work then goes on unheard. One work at a time. */
  race<Result>(work: Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (this.#error) reject(this.#error)
      this.#abandon = reject
      work.then(resolve, reject)
    })
  }

  clear(): void {
    clearTimeout(this.#timer)
    this.#signal?.removeEventListener("abort", this.#onAbort)
  }

  #end(error: SessionError): void {
    this.#error ??= error
    this.#abandon(this.#error)
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
