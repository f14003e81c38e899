/**
 * The clients that may be given, as far as the store uses them. It takes a client as a pattern: it calls `duplicate`
 * and works with connections of its own, since a client that queues or repeats commands would let a change happen
 * late, or twice.
 */

interface NodeRedisBase {
  readonly isOpen: boolean
  /** The Cluster of older versions lacks it. */
  readonly isReady?: boolean
  connect(): Promise<unknown>
  destroy(): unknown
  duplicate(overrides?: object): unknown
  on(event: string, listener: (...values: unknown[]) => void): unknown
}

/** What `createClient()` of the package `redis` makes. */
export interface NodeRedisSingle extends NodeRedisBase {
  sendCommand(command: string[], options?: object): Promise<unknown>
}

/** What `createSentinel()` of the package `redis` makes. */
export interface NodeRedisSentinel extends NodeRedisBase {
  getMasterNode(): unknown
  sendCommand(isReadonly: boolean | undefined, command: string[], options?: object): Promise<unknown>
}

/** What `createCluster()` of the package `redis` makes. */
export interface NodeRedisCluster extends NodeRedisBase {
  readonly slots: readonly { readonly master: { readonly address: string } }[]
  getRandomNode(): unknown
  sendCommand(
    key: string | undefined,
    isReadonly: boolean | undefined,
    command: string[],
    options?: object,
  ): Promise<unknown>
}

interface IoRedisBase {
  readonly status: string
  connect(): Promise<unknown>
  disconnect(): void
  call(command: string, ...values: string[]): Promise<unknown>
  on(event: string, listener: (...values: unknown[]) => void): unknown
}

/** `new Redis()` of the package `ioredis`, with or without Sentinel. */
export interface IoRedisSingle extends IoRedisBase {
  readonly isCluster: boolean
  duplicate(overrides?: object): unknown
}

/** `new Cluster()` of the package `ioredis`. */
export interface IoRedisCluster extends IoRedisBase {
  readonly isCluster: boolean
  duplicate(startupNodes?: never[], overrides?: object): unknown
  readonly options: { readonly redisOptions?: object }
}

export type NodeRedisClient = NodeRedisSingle | NodeRedisSentinel | NodeRedisCluster
export type IoRedisClient = IoRedisSingle | IoRedisCluster
export type GivenClient = NodeRedisClient | IoRedisClient
