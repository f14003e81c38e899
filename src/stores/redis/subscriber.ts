/**
 * A way to one server for publishing and subscribing. Pub/sub keeps the order of messages, and loses none silently, only
 * on one connection to the one server that executes the publishing: so whatever breaks that connection loses it as a whole,
 * and nothing is ever subscribed again behind the feed's back.
 */
export interface SubscriberConnection {
  /** Connects. Resolves once the server has confirmed every channel. */
  subscribe(channels: readonly string[], onMessage: (text: string) => void): Promise<void>
  /** Resolves once the server has taken the text; rejects when it does not serve the channel, or is no master. */
  publish(channel: string, text: string): Promise<void>
  /** Calls back, more than once perhaps, when messages may be missing from now on. */
  onLost(callback: (reason: unknown) => void): void
  /** Frees the sockets. A second call does nothing. */
  close(): Promise<void>
}

/** A master, and those channels of the feed that it serves now. */
export interface Shard {
  readonly channels: readonly string[]
  open(): SubscriberConnection
}

/** Knows where the channels are. */
export interface SubscriberSource {
  /** Asks anew which master serves each channel. Gives up when the signal aborts, and frees what it has opened. */
  locate(channels: readonly string[], signal: AbortSignal): Promise<readonly Shard[]>
}

export interface ServerAddress {
  readonly host: string
  readonly port: number
}

/** One connection of a client library to one server, which is never opened a second time. */
export interface ServerClient {
  connect(): Promise<void>
  /** Resolves once the server has confirmed the channel. */
  subscribe(channel: string, onMessage: (text: string) => void): Promise<void>
  command(...words: readonly string[]): Promise<unknown>
  onLost(callback: (reason: unknown) => void): void
  close(): Promise<void>
}
