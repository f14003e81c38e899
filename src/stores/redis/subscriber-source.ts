import { SessionError } from "../../contract/errors.ts"
import type { SubscriberSource } from "./subscriber.ts"
import {
  type IoredisClient,
  type IoredisCluster,
  ioredisClusterSource,
  ioredisSource,
} from "./subscriber-ioredis.ts"
import {
  type NodeRedisClient,
  type NodeRedisCluster,
  type NodeRedisSentinel,
  nodeRedisClusterSource,
  nodeRedisSentinelSource,
  nodeRedisSource,
} from "./subscriber-node-redis.ts"

/**
 * Where subscribers come from, for any client of node-redis or ioredis. The client lends its options, and its own connections
 * are left alone; one of a cluster or of node-redis's sentinels must be connected, since it tells where the nodes are.
 */
export function subscriberSource(client: object): SubscriberSource {
  if (isIoredisCluster(client)) return ioredisClusterSource(client)
  if (isIoredis(client)) return ioredisSource(client)
  if (isNodeRedisCluster(client)) return nodeRedisClusterSource(client)
  if (isNodeRedisSentinel(client)) return nodeRedisSentinelSource(client)
  if (isNodeRedis(client)) return nodeRedisSource(client)
  throw new SessionError(
    "ERR_SESSION_CONFIG",
    "The client is neither one of node-redis nor one of ioredis: give what createClient, createCluster or " +
      "createSentinel of the package redis, or Redis or Cluster of the package ioredis has made",
  )
}

const isIoredisCluster = (client: object): client is IoredisCluster => isIoredis(client) && "nodes" in client
const isIoredis = (client: object): client is IoredisClient => "ssubscribe" in client && "duplicate" in client
const isNodeRedisCluster = (client: object): client is NodeRedisCluster =>
  "masters" in client && "replicas" in client
const isNodeRedisSentinel = (client: object): client is NodeRedisSentinel =>
  "getMasterNode" in client && "_execute" in client
const isNodeRedis = (client: object): client is NodeRedisClient =>
  "sSubscribe" in client && "duplicate" in client
