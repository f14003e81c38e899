import type { GivenClient } from "./given-client.ts"

/** A reply, in the shapes of the protocol's second version. */
export type Reply = string | number | null | readonly Reply[]

/** A command: its name and its arguments. */
export type Command = string[]

/**
 * One server's connection, or a Cluster's connections, whatever the library behind. It is the store's own: a client
 * that was given serves as its pattern, so that nothing is queued for longer than its caller waits, and nothing is
 * sent twice.
 */
export interface Client {
  readonly library: "node-redis" | "ioredis"
  readonly kind: "single" | "sentinel" | "cluster"
  /** The library's object: what knows the nodes, and lends its options to subscribers. */
  readonly live: GivenClient
  /** Whether a command can be sent now. */
  readonly isReady: boolean
  /** Whether it has given up: it will not connect again by itself. */
  readonly isClosed: boolean
  /** Connects; later it connects again by itself. Rejects with the server's or the system's error. */
  connect(): Promise<void>
  /**
   * Sends in the order of the calls. In a Cluster the key tells the node; without one, any node does. What has not
   * left yet when the signal is aborted never leaves.
   */
  send(key: string | undefined, command: Command, signal: AbortSignal): Promise<Reply>
  /** Names the node that serves the key now. */
  nodeOf(key: string): string
  /**
   * Tells each time that the connection is lost, if what has not been sent yet would otherwise wait for the next one.
   */
  readonly onLost?: (listener: () => void) => void
  /** Drops the connection at once: what waits for a reply is rejected. */
  destroy(): void
  /** Another one of the same options, not connected yet. */
  duplicate(): Client
}
