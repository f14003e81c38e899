import { SessionError } from "../../contract/errors.ts"
import type { ServerAddress, ServerClient, SubscriberConnection, SubscriberSource } from "./subscriber.ts"
import { type ClusterNodes, clusterSource } from "./subscriber-cluster.ts"
import { subscriberConnection } from "./subscriber-connection.ts"

/** The part of a client of node-redis (`createClient`, v5 or later) that the feed uses. */
export interface NodeRedisClient {
  readonly options?: unknown
  duplicate(overrides?: object): NodeRedisConnection
}

export interface NodeRedisConnection extends NodeRedisClient {
  on(event: string, listener: (...facts: unknown[]) => void): unknown
  connect(): Promise<unknown>
  subscribe(channel: string, listener: (text: string) => void): Promise<unknown>
  sSubscribe(channel: string, listener: (text: string) => void): Promise<unknown>
  sendCommand(words: readonly string[]): Promise<unknown>
  destroy(): void
}

/** The part of `createCluster` that the feed uses. */
export interface NodeRedisCluster {
  readonly masters: readonly NodeRedisNode[]
  readonly replicas: readonly NodeRedisNode[]
}

export interface NodeRedisNode {
  readonly host: string
  readonly port: number
  readonly client?: NodeRedisClient | undefined
}

/** The part of `createSentinel` that the feed uses; `_execute` is what its own commands are built on, too. */
export interface NodeRedisSentinel {
  _execute(isReadonly: boolean, use: (master: NodeRedisClient) => Promise<void>): Promise<void>
  on(event: "topology-change", listener: (change: unknown) => void): unknown
  off(event: "topology-change", listener: (change: unknown) => void): unknown
}

export function nodeRedisSource(client: NodeRedisClient): SubscriberSource {
  return {
    locate: async channels => [
      { channels, open: () => subscriberConnection(() => openClient(client, "subscribe"), "PUBLISH") },
    ],
  }
}

export function nodeRedisSentinelSource(sentinel: NodeRedisSentinel): SubscriberSource {
  return {
    async locate(channels, signal) {
      let found: NodeRedisClient | undefined
      await sentinel._execute(false, async master => {
        found = master
      })
      signal.throwIfAborted()
      if (!found) throw new SessionError("ERR_SESSION_STORE_UNAVAILABLE", "The sentinels know no master now")
      const shards = await nodeRedisSource(found).locate(channels, signal)
      return shards.map(shard => ({ ...shard, open: () => withinReign(shard.open(), sentinel) }))
    },
  }
}

/** Lost when another master is named: the former one goes on for seconds before it becomes a replica. */
function withinReign(connection: SubscriberConnection, sentinel: NodeRedisSentinel): SubscriberConnection {
  const callbacks: ((reason: unknown) => void)[] = []
  const onChange = (change: unknown): void => {
    if (!isMasterChange(change)) return
    for (const callback of callbacks) callback(new Error("the sentinels have named another master"))
  }
  sentinel.on("topology-change", onChange)
  return {
    ...connection,
    onLost(callback) {
      callbacks.push(callback)
      connection.onLost(callback)
    },
    close() {
      sentinel.off("topology-change", onChange)
      return connection.close()
    },
  }
}

const isMasterChange = (change: unknown): boolean =>
  typeof change === "object" && change !== null && "type" in change && change.type === "MASTER_CHANGE"

export const nodeRedisClusterSource = (cluster: NodeRedisCluster): SubscriberSource =>
  clusterSource(clusterNodes(cluster))

function clusterNodes(cluster: NodeRedisCluster): ClusterNodes {
  let pattern: NodeRedisClient | undefined
  const nodes = (): readonly NodeRedisNode[] => [...cluster.masters, ...cluster.replicas]
  return {
    addresses: nodes,
    open({ host, port }) {
      const known = nodes().find(node => node.host === host && node.port === port)?.client
      // Its own client has the address that `nodeAddressMap` has made of it.
      if (known) return openClient(known, "sSubscribe")
      pattern = nodes().find(node => node.client)?.client ?? pattern
      if (!pattern)
        throw new SessionError("ERR_SESSION_STORE_UNAVAILABLE", "The cluster client has no connection")
      return openClient(pattern, "sSubscribe", { host, port })
    },
  }
}

/** What would reconnect, resubscribe or move a connection behind the feed's back is off; so is what a feed has no use for. */
function openClient(
  client: NodeRedisClient,
  subscribe: "subscribe" | "sSubscribe",
  address?: ServerAddress,
): ServerClient {
  const connection = client.duplicate({
    ...(address ? { url: undefined } : {}),
    socket: { ...socketOf(client.options), ...address, reconnectStrategy: false },
    clientSideCache: undefined,
    commandOptions: undefined,
    emitInvalidate: false,
    keyPrefix: undefined,
    maintNotifications: "disabled",
    pingInterval: 0,
    readonly: false,
  })
  return new NodeRedisServerClient(connection, subscribe)
}

function socketOf(options: unknown): object {
  if (typeof options !== "object" || options === null || !("socket" in options)) return {}
  return typeof options.socket === "object" && options.socket !== null ? options.socket : {}
}

class NodeRedisServerClient implements ServerClient {
  readonly #connection: NodeRedisConnection
  readonly #subscribe: "subscribe" | "sSubscribe"
  readonly #socketMade: Promise<void>
  #connecting: Promise<unknown> | undefined
  #closed = false

  constructor(connection: NodeRedisConnection, subscribe: "subscribe" | "sSubscribe") {
    this.#connection = connection
    this.#subscribe = subscribe
    // Without a listener, an error would end the process.
    connection.on("error", () => undefined)
    this.#socketMade = new Promise(resolve => {
      connection.on("connect", () => {
        if (this.#closed) this.#destroy()
        resolve()
      })
    })
  }

  async connect(): Promise<void> {
    if (this.#closed) throw new Error("the connection was closed before it was made")
    this.#connecting = this.#connection.connect()
    await this.#connecting
  }

  async subscribe(channel: string, onMessage: (text: string) => void): Promise<void> {
    await this.#connection[this.#subscribe](channel, onMessage)
  }

  command(...words: readonly string[]): Promise<unknown> {
    return this.#connection.sendCommand(words)
  }

  onLost(callback: (reason: unknown) => void): void {
    this.#connection.on("error", callback)
    this.#connection.on("end", () => callback(new Error("the connection has ended")))
    this.#connection.on("reconnecting", () => callback(new Error("the connection is opened anew")))
    this.#connection.on("sharded-channel-moved", channel =>
      callback(new Error(`channel ${channel} has moved to another master`)),
    )
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    // A client that is destroyed while its socket is still being made would leave that socket behind.
    if (this.#connecting) await Promise.race([this.#socketMade, settled(this.#connecting)])
    this.#destroy()
  }

  #destroy(): void {
    try {
      this.#connection.destroy()
    } catch {
      // Version 5 throws when there is nothing to destroy.
    }
  }
}

const settled = async (promise: Promise<unknown>): Promise<void> => {
  await promise.catch(() => undefined)
}
