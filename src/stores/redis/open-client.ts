import { SessionError } from "../../contract/errors.ts"
import type { Client } from "./client.ts"
import type { GivenClient } from "./given-client.ts"
import { ioRedisClient, isIoRedis } from "./ioredis.ts"
import { isNodeRedis, nodeRedisClient } from "./node-redis.ts"
import type { RedisTarget } from "./url.ts"

/** A client of the store's own, on the pattern of the one that was given. */
export function givenClient(given: GivenClient, timeout: number): Client {
  if (isIoRedis(given)) return ioRedisClient(given, timeout)
  if (isNodeRedis(given)) return nodeRedisClient(given)
  throw new SessionError(
    "ERR_SESSION_CONFIG",
    "The Redis store's option client is no client that it knows. Give what createClient, createCluster or createSentinel of the package redis (5 or newer) makes, or a Redis or Cluster of ioredis (5 or newer).",
  )
}

/** A client for a URL, by the package `redis`, which is imported now. */
export async function targetClient(target: RedisTarget, timeout: number): Promise<Client> {
  const { createClient, createCluster, createSentinel } = await importRedis()
  const { username, password, database, nodes } = target
  const credentials = {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
  }
  const socket = { connectTimeout: timeout, ...(target.tls && { tls: true as const }) }
  const [first = { host: "localhost", port: 6379 }] = nodes
  switch (target.kind) {
    case "single":
      return nodeRedisClient(createClient({ ...credentials, database, socket: { ...socket, ...first } }))
    case "cluster":
      return nodeRedisClient(
        createCluster({
          rootNodes: nodes.map(node => ({ socket: { ...socket, ...node } })),
          defaults: { ...credentials, socket },
        }),
      )
    case "sentinel":
      return nodeRedisClient(
        createSentinel({
          name: target.master,
          sentinelRootNodes: nodes.map(node => ({ ...node })),
          nodeClientOptions: { ...credentials, database, socket },
          sentinelClientOptions: { socket },
        }),
      )
  }
}

/** For messages: without a password. */
export const addressOf = ({ nodes }: RedisTarget): string =>
  nodes.map(({ host, port }) => (host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`)).join(",")

async function importRedis(): Promise<typeof import("redis")> {
  try {
    return await import("redis")
  } catch (error) {
    throw new SessionError(
      "ERR_SESSION_UNSUPPORTED",
      "A Redis URL needs the package redis, which is not there. Run npm install redis; or give an ioredis client with createRedisStore({ client }).",
      error,
    )
  }
}
