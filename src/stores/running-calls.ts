import type { SessionError } from "../contract/errors.ts"

/** The calls that are under way in a store. Closing lets no more begin, and may wait for these. */
export class RunningCalls {
  readonly #closedError: () => SessionError
  readonly #running = new Set<Promise<unknown>>()
  #closing: Promise<void> | undefined

  /** `closedError` is what a call comes to that is too late. */
  constructor(closedError: () => SessionError) {
    this.#closedError = closedError
  }

  assertOpen(): void {
    if (this.#closing) throw this.#closedError()
  }

  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    this.assertOpen()
    const running = work()
    this.#running.add(running)
    try {
      return await running
    } finally {
      this.#running.delete(running)
    }
  }

  /** Resolves when every call that has begun has ended. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#running)
  }

  /** Closes once, however often it is asked. */
  close(work: () => Promise<void>): Promise<void> {
    this.#closing ??= work()
    return this.#closing
  }
}
