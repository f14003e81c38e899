import type { SessionStore } from "../contract/store.ts"
import { withDeadline } from "./deadline.ts"
import type { EventHub } from "./events.ts"

const MAX_SWEPT = 1_000

export interface SweeperOptions {
  readonly interval: number
  readonly timeout: number
  readonly now: () => number
  /** 0 up to 1, for the jitter that keeps many nodes from sweeping at once. */
  readonly random: () => number
}

/** Reclaims the space of expired sessions now and then. Expiry itself is judged at each read (G11). */
export class Sweeper {
  #timer: NodeJS.Timeout | undefined
  #running: Promise<number> | undefined
  #started = false
  readonly #store: SessionStore
  readonly #events: Pick<EventHub, "emit">
  readonly #options: SweeperOptions

  constructor(store: SessionStore, events: Pick<EventHub, "emit">, options: SweeperOptions) {
    this.#store = store
    this.#events = events
    this.#options = options
  }

  start(): void {
    this.#started = true
    this.#schedule()
  }

  /** No sweep begins any more; resolves when the one under way has ended. */
  async stop(): Promise<void> {
    this.#started = false
    clearTimeout(this.#timer)
    this.#timer = undefined
    await this.#running?.catch(() => undefined)
  }

  /** Sweeps now, until nothing expired is left; resolves to the number of sessions removed. */
  sweep(): Promise<number> {
    this.#running ??= this.#sweepAll().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  #schedule(): void {
    if (!this.#started || this.#timer) return
    const delay = this.#options.interval * (0.8 + 0.4 * this.#options.random())
    this.#timer = setTimeout(() => void this.#turn(), delay).unref()
  }

  async #turn(): Promise<void> {
    this.#timer = undefined
    try {
      await this.sweep()
    } catch (error) {
      this.#events.emit("storeError", { operation: "sweep", error })
    }
    this.#schedule()
  }

  async #sweepAll(): Promise<number> {
    const until = this.#options.now()
    let removed = 0
    for (;;) {
      const ids = await withDeadline("sweep", this.#options.timeout, () =>
        this.#store.sweep(until, MAX_SWEPT),
      )
      for (const id of ids) this.#events.emit("expired", { id })
      removed += ids.length
      if (ids.length < MAX_SWEPT) return removed
      await new Promise(resolve => setImmediate(resolve))
    }
  }
}
