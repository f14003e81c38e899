import { SessionError } from "../../contract/errors.ts"
import type { Feed, FeedObserver, FeedOptions } from "../../contract/feed.ts"
import { FeedConnection, type FeedConnectionListener } from "./feed-connection.ts"
import type { SubscriberSource } from "./subscriber.ts"

export interface PubSubFeedOptions extends FeedOptions {
  /** See `subscriberSource`. */
  readonly source: SubscriberSource
  readonly channels: readonly string[]
  readonly observer: FeedObserver
  /** 0 up to 1, for the jitter that keeps many nodes from coming back at once. */
  readonly random?: () => number
  /** Milliseconds that an attempt to subscribe may take; 10 seconds, but never less than eight heartbeats. */
  readonly openTimeout?: number
}

const MIN_OPEN_TIMEOUT = 10_000
const FIRST_PAUSE = 50
const LONGEST_PAUSE = 5_000

/**
 * Listens to the channels, with connections of its own, until it is closed. Any trouble is told as `disconnected`, with the
 * reason, and then everything is opened anew; an attempt that fails is told so, too.
 */
export function openPubSubFeed(options: PubSubFeedOptions): Feed {
  return new PubSubFeed(options)
}

class PubSubFeed implements Feed {
  readonly #options: PubSubFeedOptions
  readonly #random: () => number
  #connection: FeedConnection | undefined
  #pause: NodeJS.Timeout | undefined
  /** Losses since a connection last outlived its first heartbeat. */
  #losses = 0
  #heartbeats = 0
  #closing: Promise<unknown> | undefined
  /** Connections that are lost, but whose sockets are not freed yet. */
  readonly #ending = new Set<Promise<void>>()

  constructor(options: PubSubFeedOptions) {
    this.#options = options
    this.#random = options.random ?? Math.random
    this.#connect()
  }

  async close(): Promise<void> {
    this.#closing ??= this.#end()
    await this.#closing
  }

  async #end(): Promise<void> {
    clearTimeout(this.#pause)
    const wasConnected = this.#heartbeats > 0
    this.#heartbeats = 0
    this.#letGo()
    if (wasConnected) this.#options.observer.disconnected()
    await Promise.all(this.#ending)
  }

  #connect(): void {
    const { source, channels, heartbeatInterval } = this.#options
    const openTimeout = this.#options.openTimeout ?? Math.max(MIN_OPEN_TIMEOUT, 8 * heartbeatInterval)
    this.#connection = new FeedConnection(
      { source, channels, heartbeatInterval, openTimeout },
      this.#listener(),
    )
    this.#connection.open()
  }

  #listener(): FeedConnectionListener {
    const { observer } = this.#options
    return {
      heartbeat: sentAt => this.#heartbeatBack(sentAt),
      // What is read before `connected` is not kept, and needs no notice.
      notice: notice => {
        if (this.#heartbeats > 0) observer.notice(notice)
      },
      unknown: text => this.#tellGap(text),
      lost: reason => this.#lost(reason),
    }
  }

  #heartbeatBack(sentAt: number): void {
    this.#heartbeats += 1
    if (this.#heartbeats === 1) this.#options.observer.connected()
    else this.#losses = 0
    // An observer may close the feed at any call.
    if (!this.#closing) this.#options.observer.heartbeat(sentAt)
  }

  /** The message means something, but nobody here knows what: as if it had not come. The channel itself is well. */
  #tellGap(text: string): void {
    if (this.#heartbeats === 0) return
    const { observer } = this.#options
    observer.disconnected(
      new SessionError(
        "ERR_SESSION_STORE_UNAVAILABLE",
        `The feed has sent what this version does not understand (${JSON.stringify(text.slice(0, 40))}): ` +
          "let every node run the same version, and give other programs other channels",
      ),
    )
    if (!this.#closing) observer.connected()
  }

  #lost(reason: unknown): void {
    this.#heartbeats = 0
    this.#letGo()
    this.#pause = setTimeout(() => this.#connect(), this.#pauseLength())
    this.#losses += 1
    this.#options.observer.disconnected(
      new SessionError(
        "ERR_SESSION_STORE_UNAVAILABLE",
        `The feed of the store was lost (${reason instanceof Error ? reason.message : String(reason)}); ` +
          "it is being opened anew",
        reason,
      ),
    )
  }

  /** Exponential, with full jitter. */
  #pauseLength(): number {
    return this.#random() * Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** this.#losses)
  }

  #letGo(): void {
    const ending = this.#connection?.close().catch(() => undefined)
    this.#connection = undefined
    if (!ending) return
    this.#ending.add(ending)
    void ending.finally(() => this.#ending.delete(ending))
  }
}
