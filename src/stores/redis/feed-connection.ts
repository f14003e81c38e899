import { randomBytes } from "node:crypto"
import type { Notice } from "../../contract/feed.ts"
import { Heartbeats, type OpenShard } from "./feed-heartbeats.ts"
import { readMessage } from "./notices.ts"
import type { SubscriberSource } from "./subscriber.ts"

/** Heartbeat intervals without an answer, after which the channel is taken for dead. */
const SILENT_INTERVALS = 4

export interface FeedConnectionOptions {
  readonly source: SubscriberSource
  readonly channels: readonly string[]
  readonly heartbeatInterval: number
  /** Milliseconds until every channel must be subscribed. */
  readonly openTimeout: number
}

export interface FeedConnectionListener {
  /** Each heartbeat that came back. With the first one, all channels are subscribed on all masters. */
  heartbeat(sentAt: number): void
  notice(notice: Notice): void
  /** A message that this version does not understand. */
  unknown(text: string): void
  /** It is over: nothing else is told any more. */
  lost(reason: unknown): void
}

/** One stay at the channels' masters: from asking where they are until anything at all goes wrong. */
export class FeedConnection {
  /** Names this stay's heartbeats: no other's, not even an earlier one's, is taken for them. */
  readonly #feedId = randomBytes(9).toString("base64url")
  readonly #options: FeedConnectionOptions
  readonly #listener: FeedConnectionListener
  readonly #stop = new AbortController()
  #shards: readonly OpenShard[] = []
  #timer: NodeJS.Timeout | undefined
  #heartbeats: Heartbeats | undefined
  #silence = 0
  #lastBack = 0

  constructor(options: FeedConnectionOptions, listener: FeedConnectionListener) {
    this.#options = options
    this.#listener = listener
  }

  /** Begins. Whatever fails is told as lost. */
  open(): void {
    this.#timer = setTimeout(
      () => this.#lose(new Error(`not subscribed within ${this.#options.openTimeout} ms`)),
      this.#options.openTimeout,
    )
    this.#subscribe().catch(reason => this.#lose(reason))
  }

  /** Ends it, without telling; resolves when its sockets are freed. */
  async close(): Promise<void> {
    this.#stop.abort()
    clearTimeout(this.#timer)
    await Promise.all(this.#shards.map(({ connection }) => connection.close()))
  }

  get #isOver(): boolean {
    return this.#stop.signal.aborted
  }

  async #subscribe(): Promise<void> {
    const { source, channels } = this.#options
    const located = await source.locate(channels, this.#stop.signal)
    if (this.#isOver) return
    this.#shards = located.map(shard => ({ channels: shard.channels, connection: shard.open() }))
    for (const { connection } of this.#shards) connection.onLost(reason => this.#lose(reason))
    await Promise.all(
      this.#shards.map(shard =>
        shard.connection.subscribe(shard.channels, text => this.#receive(shard, text)),
      ),
    )
    if (!this.#isOver) this.#beginHeartbeats()
  }

  #beginHeartbeats(): void {
    this.#heartbeats = new Heartbeats(this.#feedId, this.#shards, {
      back: sentAt => this.#heartbeatBack(sentAt),
      failed: reason => this.#lose(reason),
    })
    this.#heartbeats.sendFirst()
    clearTimeout(this.#timer)
    this.#timer = setInterval(() => this.#tick(), this.#options.heartbeatInterval)
  }

  /**
   * Silence is counted in turns of the event loop rather than in time: while this process itself stood still, the answers
   * waited in the sockets, and they are read between the timer and the judgement.
   */
  #tick(): void {
    this.#silence += 1
    this.#heartbeats?.sendNext()
    if (this.#silence < SILENT_INTERVALS) return
    setImmediate(() => {
      if (this.#silence >= SILENT_INTERVALS) {
        this.#lose(new Error(`no heartbeat came back in ${SILENT_INTERVALS} intervals`))
      }
    })
  }

  #heartbeatBack(sentAt: number): void {
    if (this.#isOver) return
    this.#silence = 0
    if (sentAt <= this.#lastBack) return
    this.#lastBack = sentAt
    this.#listener.heartbeat(sentAt)
  }

  #receive(shard: OpenShard, text: string): void {
    for (const line of text.split("\n")) this.#read(shard, line)
  }

  #read(shard: OpenShard, line: string): void {
    if (this.#isOver) return
    const message = readMessage(line)
    if (message.kind === "unknown") this.#listener.unknown(line)
    else if (message.kind !== "heartbeat") this.#listener.notice(message)
    else if (message.feedId === this.#feedId) this.#heartbeats?.received(shard, message.seq)
  }

  #lose(reason: unknown): void {
    if (this.#isOver) return
    this.#stop.abort()
    clearTimeout(this.#timer)
    this.#listener.lost(reason)
  }
}
