import { SessionError } from "../../contract/errors.ts"
import type { Feed } from "../../contract/feed.ts"
import { type Ending, Listener, type ListenerOptions } from "./listener.ts"
import { hangUp, type ListenClient } from "./listener-client.ts"

export interface ListenFeedOptions extends ListenerOptions {
  /**
   * Opens a session connection for this feed alone; see {@link connectListener}. It is given up when the signal aborts:
   * the feed is closed, or 10 s have passed.
   */
  readonly connect: (signal: AbortSignal) => Promise<ListenClient>
  /** From 0 up to, but not including, 1. */
  readonly random?: () => number
}

const CONNECT_LIMIT = 10_000
const SHORTEST_PAUSE = 50
const LONGEST_PAUSE = 5000

/** Listens to a PostgreSQL channel, over one connection after another, until it is closed. */
export const openListenFeed = (options: ListenFeedOptions): Feed => new ListenFeed(options)

class ListenFeed implements Feed {
  readonly #options: ListenFeedOptions
  readonly #closing = new AbortController()
  readonly #ended: Promise<void>

  constructor(options: ListenFeedOptions) {
    this.#options = options
    this.#ended = this.#run()
  }

  close(): Promise<void> {
    this.#closing.abort()
    return this.#ended
  }

  async #run(): Promise<void> {
    const { observer, random = Math.random } = this.#options
    const { signal } = this.#closing
    for (let failures = 1; !signal.aborted; failures++) {
      const { confirmed, reason } = await this.#listenOnce()
      if (confirmed) failures = 1
      if (!signal.aborted) observer.disconnected(reason)
      else if (confirmed) observer.disconnected()
      await pause(pauseAfter(failures, random), signal)
    }
  }

  /** One connection, from its beginning to its end. */
  async #listenOnce(): Promise<Ending> {
    try {
      return await this.#listen(await this.#connect())
    } catch (error) {
      return { confirmed: false, reason: unreachable(this.#options.channel, error) }
    }
  }

  async #listen(client: ListenClient): Promise<Ending> {
    const listener = new Listener(client, this.#options)
    const stop = (): void => listener.stop()
    const { signal } = this.#closing
    signal.addEventListener("abort", stop)
    const running = listener.run()
    if (signal.aborted) stop()
    const ending = await running
    signal.removeEventListener("abort", stop)
    const ended = hangUp(client)
    if (signal.aborted) await ended
    return ending
  }

  async #connect(): Promise<ListenClient> {
    const attempt = new AbortController()
    const giveUp = (): void => attempt.abort()
    const timer = setTimeout(giveUp, CONNECT_LIMIT).unref()
    this.#closing.signal.addEventListener("abort", giveUp)
    try {
      return await unlessAborted(this.#options.connect(attempt.signal), attempt.signal)
    } finally {
      clearTimeout(timer)
      this.#closing.signal.removeEventListener("abort", giveUp)
    }
  }
}

/** A connection that comes too late is hung up. */
function unlessAborted(connecting: Promise<ListenClient>, signal: AbortSignal): Promise<ListenClient> {
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(new Error("it did not stand within 10 s")))
    connecting.then(client => (signal.aborted ? void hangUp(client) : resolve(client)), reject)
  })
}

/** Exponential backoff with full jitter, so that the nodes that lost one server do not come back to it all at once. */
function pauseAfter(failures: number, random: () => number): number {
  const longest = Math.min(LONGEST_PAUSE, SHORTEST_PAUSE * 2 ** failures)
  return SHORTEST_PAUSE + random() * (longest - SHORTEST_PAUSE)
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) return resolve()
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener("abort", end)
      resolve()
    }
    const timer = setTimeout(end, milliseconds).unref()
    signal.addEventListener("abort", end)
  })
}

const unreachable = (channel: string, cause: unknown): SessionError =>
  new SessionError(
    "ERR_SESSION_STORE_UNAVAILABLE",
    `No connection that listens to ${channel} can be opened${cause instanceof Error ? ` (${cause.message})` : ""}. It is tried again by itself; if it goes on, check the server and the URL.`,
    cause,
  )
