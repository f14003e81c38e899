import { SessionError } from "../../contract/errors.ts"
import type { ServerAddress, ServerClient, SubscriberSource } from "./subscriber.ts"
import { type ClusterNodes, clusterSource } from "./subscriber-cluster.ts"
import { subscriberConnection, type Use } from "./subscriber-connection.ts"

/** The part of a client of ioredis (v5 or later) that the feed uses. */
export interface IoredisClient {
  readonly options: { readonly host?: string | undefined; readonly port?: number | undefined }
  duplicate(overrides?: object): IoredisConnection
}

export interface IoredisConnection extends IoredisClient {
  readonly status: string
  on(event: string, listener: (...facts: unknown[]) => void): unknown
  connect(): Promise<void>
  subscribe(channel: string): Promise<unknown>
  ssubscribe(channel: string): Promise<unknown>
  call(command: string, ...words: string[]): Promise<unknown>
  disconnect(): void
}

/** The part of its `Cluster` that the feed uses. */
export interface IoredisCluster {
  readonly options: { readonly natMap?: IoredisNatMap | undefined }
  nodes(role: "all"): readonly IoredisClient[]
}

type IoredisNatMap =
  | Readonly<Record<string, ServerAddress>>
  | ((address: string) => ServerAddress | null | undefined)

/** A single server's client, or one that finds the master by sentinels: it does so at every connecting. */
export function ioredisSource(client: IoredisClient): SubscriberSource {
  return {
    locate: async channels => [
      {
        channels,
        open: () => subscriberConnection(use => openClient(client, "subscribe", { use }), "PUBLISH"),
      },
    ],
  }
}

export const ioredisClusterSource = (cluster: IoredisCluster): SubscriberSource =>
  clusterSource(clusterNodes(cluster))

function clusterNodes(cluster: IoredisCluster): ClusterNodes {
  let pattern: IoredisClient | undefined
  return {
    addresses: () => cluster.nodes("all").flatMap(addressOf),
    open(address) {
      pattern = cluster.nodes("all")[0] ?? pattern
      if (!pattern)
        throw new SessionError("ERR_SESSION_STORE_UNAVAILABLE", "The cluster client knows no node")
      return openClient(pattern, "ssubscribe", { address: mapped(address, cluster.options.natMap) })
    },
  }
}

const addressOf = ({ options: { host, port } }: IoredisClient): readonly ServerAddress[] =>
  host === undefined || port === undefined ? [] : [{ host, port }]

function mapped(address: ServerAddress, natMap: IoredisNatMap | undefined): ServerAddress {
  const name = `${address.host}:${address.port}`
  return (typeof natMap === "function" ? natMap(name) : natMap?.[name]) ?? address
}

/** What would reconnect or resubscribe behind the feed's back is off. */
function openClient(
  client: IoredisClient,
  subscribe: "subscribe" | "ssubscribe",
  { address, use }: { readonly address?: ServerAddress; readonly use?: Use },
): ServerClient {
  const connection = client.duplicate({
    ...address,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    // Closing waits for the other side, which may be unreachable.
    disconnectTimeout: 50,
    enableAutoPipelining: false,
    enableOfflineQueue: false,
    enableReadyCheck: false,
    // The former master goes on for seconds before it becomes a replica, while the others follow the new one.
    failoverDetector: use === "listen",
    keyPrefix: "",
    lazyConnect: true,
    readOnly: false,
    reconnectOnError: null,
    retryStrategy: null,
    role: "master",
    sentinelRetryStrategy: null,
  })
  return new IoredisServerClient(connection, subscribe)
}

class IoredisServerClient implements ServerClient {
  readonly #connection: IoredisConnection
  readonly #subscribe: "subscribe" | "ssubscribe"
  readonly #ended: Promise<void>
  #closed = false

  constructor(connection: IoredisConnection, subscribe: "subscribe" | "ssubscribe") {
    this.#connection = connection
    this.#subscribe = subscribe
    // Without a listener, it would write errors to the console.
    connection.on("error", () => undefined)
    this.#ended = new Promise(resolve => {
      connection.on("end", () => resolve())
    })
  }

  async connect(): Promise<void> {
    await this.#connection.connect()
  }

  async subscribe(channel: string, onMessage: (text: string) => void): Promise<void> {
    this.#connection.on(this.#subscribe === "subscribe" ? "message" : "smessage", (from, text) => {
      if (from === channel && !this.#closed) onMessage(String(text))
    })
    await this.#connection[this.#subscribe](channel)
  }

  command(command = "", ...words: readonly string[]): Promise<unknown> {
    return this.#connection.call(command, ...words)
  }

  onLost(callback: (reason: unknown) => void): void {
    // Version 5 does not know an unasked `sunsubscribe`, and tells it as an error.
    this.#connection.on("error", callback)
    this.#connection.on("moved", () => callback(new Error("a channel has moved to another master")))
    this.#connection.on("close", () => callback(new Error("the connection has ended")))
  }

  async close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true
      if (this.#connection.status !== "end") this.#connection.disconnect()
    }
    if (this.#connection.status !== "end") await this.#ended
    // A failover detector that was begun while the connection was being closed ends only now.
    this.#connection.disconnect()
  }
}
