import type { Feed, FeedObserver, FeedOptions } from "../../contract/feed.ts"

export interface VersionFeedOptions extends FeedOptions {
  readonly observer: FeedObserver
  /** `PRAGMA data_version` of the connection that writes: it changes with the commits of all others, never with its own. */
  readonly dataVersion: () => Promise<number>
}

/**
 * Asks in each interval whether another process has written. It is not known what, so that a change tells `disconnected` and
 * `connected`: nothing that is remembered is trusted.
 */
export const openVersionFeed = (options: VersionFeedOptions): Feed => new VersionFeed(options)

class VersionFeed implements Feed {
  readonly #options: VersionFeedOptions
  /** The version up to which the observer knows all; `undefined` while disconnected. */
  #known: number | undefined
  #failed = false
  #closed = false
  #timer: NodeJS.Timeout | undefined
  #polling: Promise<void>

  constructor(options: VersionFeedOptions) {
    this.#options = options
    this.#polling = this.#poll()
  }

  async close(): Promise<void> {
    const first = !this.#closed
    this.#closed = true
    clearTimeout(this.#timer)
    await this.#polling
    if (first && this.#known !== undefined) this.#options.observer.disconnected()
  }

  /** One question at a time, and the next one an interval after it was asked. */
  async #poll(): Promise<void> {
    const { dataVersion, heartbeatInterval } = this.#options
    const sentAt = performance.now()
    try {
      const version = await dataVersion()
      if (!this.#closed) this.#answered(version, sentAt)
    } catch (error) {
      if (!this.#closed) this.#fail(error)
    }
    if (this.#closed) return
    const left = sentAt + heartbeatInterval - performance.now()
    this.#timer = setTimeout(
      () => {
        this.#polling = this.#poll()
      },
      Math.max(left, 0),
    ).unref()
  }

  #answered(version: number, sentAt: number): void {
    const { observer } = this.#options
    if (this.#known !== version) {
      if (this.#known !== undefined) observer.disconnected()
      observer.connected()
    }
    this.#known = version
    this.#failed = false
    observer.heartbeat(sentAt)
  }

  /** Told once, however long it lasts. */
  #fail(reason: unknown): void {
    if (!this.#failed) this.#options.observer.disconnected(reason)
    this.#failed = true
    this.#known = undefined
  }
}
