import type { Client, Reply } from "./client.ts"
import type { IoRedisClient, IoRedisCluster, IoRedisSingle } from "./given-client.ts"

/**
 * What would let a command happen late or twice: waiting for a server that is away, and sending again what got no
 * reply.
 */
const ONE_CONNECTION = {
  lazyConnect: true,
  keyPrefix: "",
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  retryStrategy: (times: number) => Math.min(50 * 2 ** Math.min(times, 6), 2000),
} as const

/** A client of the package `ioredis`, from a pattern. */
export function ioRedisClient(pattern: IoRedisClient, connectTimeout: number): Client {
  const own = duplicate(pattern, connectTimeout)
  let failure: unknown
  const onError = (error: unknown): void => {
    failure = error
  }
  own.on("error", onError)
  own.on("node error", onError)
  const send = (command: readonly string[]): Promise<Reply> => {
    const [name = "", ...values] = command
    return own.call(name, ...values) as Promise<Reply>
  }
  return {
    library: "ioredis",
    kind: own.isCluster ? "cluster" : "single",
    live: own,
    get isReady() {
      return own.status === "ready"
    },
    get isClosed() {
      return own.status === "end"
    },
    connect: () => connect(own, () => failure),
    send: (_, command) => send(command),
    nodeOf: key => (own.isCluster ? key : ""),
    destroy: () => own.disconnect(),
    duplicate: () => ioRedisClient(pattern, connectTimeout),
  }
}

export const isIoRedis = (client: object): client is IoRedisClient =>
  "call" in client && "isCluster" in client && "status" in client

const isCluster = (client: IoRedisClient): client is IoRedisCluster => client.isCluster

/** What the library's `duplicate` makes is of the pattern's own type. */
function duplicate(pattern: IoRedisClient, connectTimeout: number): IoRedisClient {
  if (isCluster(pattern))
    return pattern.duplicate([], clusterOptions(pattern, connectTimeout)) as IoRedisCluster
  return (pattern as IoRedisSingle).duplicate({ ...ONE_CONNECTION, connectTimeout }) as IoRedisSingle
}

/**
 * A Cluster connects to a node when it has the first command for it, and there the command must be able to wait: for
 * `connectTimeout` at most. Nothing is sent again.
 */
const clusterOptions = (pattern: IoRedisCluster, connectTimeout: number): object => ({
  lazyConnect: true,
  keyPrefix: "",
  redisOptions: { ...pattern.options.redisOptions, keyPrefix: "", connectTimeout },
  retryDelayOnFailover: 0,
  retryDelayOnClusterDown: 0,
  retryDelayOnTryAgain: 0,
  clusterRetryStrategy: ONE_CONNECTION.retryStrategy,
})

/** The first error of one server ends the attempt; a Cluster has other nodes to ask. */
async function connect(own: IoRedisClient, failure: () => unknown): Promise<void> {
  const failed = new Promise<never>((_, reject) => {
    if (!own.isCluster) own.on("error", reject)
  })
  try {
    await Promise.race([own.connect(), failed])
  } catch (error) {
    throw failure() ?? error
  }
}
