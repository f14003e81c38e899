import { randomUUID } from "node:crypto"
import { SessionError } from "../../contract/errors.ts"
import type { FeedObserver, Notice } from "../../contract/feed.ts"
import type { ChannelMessage, ListenClient } from "./listener-client.ts"
import { type Heartbeat, heartbeatPayload, readPayload, type Unknown } from "./notices.ts"

export interface ListenerOptions {
  readonly channel: string
  readonly observer: FeedObserver
  /** Milliseconds. */
  readonly heartbeatInterval: number
  /**
   * Notifies the channel over the connections that the store's notices take, never over the one that listens: a pooler in
   * transaction mode passes on what arrives during a query of the same connection, and drops all else.
   */
  readonly publish: (payload: string) => Promise<unknown>
}

/** How a connection came to its end. */
export interface Ending {
  /** Whether it had been `connected`. */
  readonly confirmed: boolean
  readonly reason: unknown
}

/** What the next answer must be: the server's to LISTEN (sequence 0), or a heartbeat. */
interface Awaited {
  readonly sequence: number
  readonly sentAt: number
  intervals: number
  published: boolean
  failure?: unknown
}

/** So many intervals without the answer, and the connection is taken for dead. */
const PATIENCE = 4

/** This connection only hears. A server with an `idle_session_timeout` (PostgreSQL 14) would end it. */
const NEVER_IDLE =
  "SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'idle_session_timeout' AND setting <> '0'"

/** One connection that listens, from LISTEN to its end. */
export class Listener {
  readonly #client: ListenClient
  readonly #options: ListenerOptions
  readonly #feed = randomUUID()
  #sequence = 0
  #awaited: Awaited | undefined = awaiting(0)
  #confirmed = false
  #end: ((reason: unknown) => void) | undefined

  constructor(client: ListenClient, options: ListenerOptions) {
    this.#client = client
    this.#options = options
  }

  /** Listens until the connection is lost or {@link stop} is called. Never rejects. */
  async run(): Promise<Ending> {
    const timer = setInterval(() => this.#tick(), this.#options.heartbeatInterval).unref()
    const reason = await new Promise<unknown>(resolve => {
      this.#end = resolve
      this.#listen()
    })
    clearInterval(timer)
    return { confirmed: this.#confirmed, reason }
  }

  stop(reason?: unknown): void {
    this.#end?.(reason)
    this.#end = undefined
  }

  #listen(): void {
    const client = this.#client
    client.on("notification", message => this.#hear(message))
    client.on("error", error => this.stop(this.#failure("has failed", error)))
    client.on("end", () => this.stop(this.#failure("was ended by the server")))
    client.query(`${NEVER_IDLE}; LISTEN "${this.#options.channel.replaceAll('"', '""')}"`).then(
      () => this.#beat(awaiting(1)),
      error => this.stop(this.#failure("was refused LISTEN", error)),
    )
  }

  #tick(): void {
    const awaited = this.#awaited
    if (awaited) awaited.intervals++
    const intervals = awaited?.intervals ?? 0
    if (awaited && intervals >= PATIENCE) this.#judge(awaited)
    else if (!awaited || awaited.failure) this.#beat({ ...awaiting(this.#sequence + 1), intervals })
  }

  /** After a pause of this process the answer waits in the socket's buffer, and the timer comes first: read, then judge. */
  #judge(awaited: Awaited): void {
    setImmediate(() => {
      if (this.#awaited === awaited) this.stop(this.#silence(awaited))
    })
  }

  #beat(heartbeat: Awaited): void {
    if (!this.#end) return
    this.#awaited = heartbeat
    this.#sequence = heartbeat.sequence
    this.#options.publish(heartbeatPayload(this.#feed, heartbeat.sequence)).then(
      () => {
        heartbeat.published = true
      },
      error => {
        heartbeat.failure = error
      },
    )
  }

  #hear({ channel, payload = "" }: ChannelMessage): void {
    if (channel !== this.#options.channel) return
    for (const item of readPayload(payload)) {
      if (!this.#end) return
      this.#tell(item)
    }
  }

  #tell(item: Notice | Heartbeat | Unknown): void {
    const { observer, channel } = this.#options
    if (item.kind === "heartbeat") {
      this.#isBack(item)
    } else if (this.#confirmed && item.kind === "unknown") {
      observer.disconnected(unreadable(channel))
      observer.connected()
    } else if (this.#confirmed && item.kind !== "unknown") {
      observer.notice(item)
    }
  }

  #isBack({ feed, sequence }: Heartbeat): void {
    const awaited = this.#awaited
    if (feed !== this.#feed || sequence !== awaited?.sequence) return
    this.#awaited = undefined
    const { observer } = this.#options
    if (!this.#confirmed) {
      this.#confirmed = true
      observer.connected()
    }
    observer.heartbeat(awaited.sentAt)
  }

  #silence({ sequence, published, failure }: Awaited): SessionError {
    const time = `${PATIENCE * this.#options.heartbeatInterval} ms`
    if (sequence === 0) return this.#failure(`had no answer to LISTEN for ${time}`)
    if (failure) return this.#failure(`was given up, as no heartbeat could be published for ${time}`, failure)
    if (!published) return this.#failure(`was given up, as publishing a heartbeat took longer than ${time}`)
    if (this.#confirmed) return this.#failure(`has been silent for ${time}, though heartbeats were published`)
    return undelivered(this.#options.channel, time)
  }

  #failure(what: string, cause?: unknown): SessionError {
    const why = cause instanceof Error ? ` (${cause.message})` : ""
    return new SessionError(
      "ERR_SESSION_STORE_UNAVAILABLE",
      `The connection that listens to ${this.#options.channel} ${what}${why}. Another one is opened by itself; if it goes on, check the server and the network to it.`,
      cause,
    )
  }
}

const awaiting = (sequence: number): Awaited => ({
  sequence,
  sentAt: performance.now(),
  intervals: 0,
  published: false,
})

const undelivered = (channel: string, time: string): SessionError =>
  new SessionError(
    "ERR_SESSION_STORE_UNAVAILABLE",
    `LISTEN ${channel} was accepted, but a heartbeat that was published did not arrive within ${time}. A pooler in transaction mode, such as PgBouncer's, accepts LISTEN and delivers nothing, and another database hears nothing: set listenUrl to a session connection to the very database of the store.`,
  )

const unreadable = (channel: string): SessionError =>
  new SessionError(
    "ERR_SESSION_STORE_CORRUPT",
    `A notice on ${channel} cannot be read: a newer version sent it, it was too long to be told, or something else notifies this channel. Nothing that is remembered is trusted; run one version on all nodes.`,
  )
