/** Sessions in Redis or Valkey: single, behind Sentinel, or in a Cluster; through the package `redis` or `ioredis`. */

import type {
  ClearableStore,
  CountingStore,
  ExternallyIndexedStore,
  HitCountingStore,
  ObservableStore,
  StoreContext,
  UserIndexedStore,
} from "../../contract/store.ts"
import type { Client } from "./client.ts"
import { Connection } from "./connection.ts"
import { Layout } from "./layout.ts"
import { addressOf, givenClient, targetClient } from "./open-client.ts"
import { type RedisOptions, readOptions } from "./options.ts"
import { Replication } from "./replication.ts"
import { checkServer, startUpError } from "./server-check.ts"
import { RedisStore } from "./store.ts"
import { parseRedisUrl } from "./url.ts"

export type * from "./given-client.ts"
export type { RedisOptions, WaitReplicas } from "./options.ts"
export { type ParsedRedisUrl, parseRedisUrl, type RedisNode, type RedisTarget } from "./url.ts"

/** What the Redis store can do beyond the contract's four verbs. */
export type RedisSessionStore = UserIndexedStore &
  ExternallyIndexedStore &
  CountingStore &
  ClearableStore &
  HitCountingStore &
  ObservableStore

/** For how long the server keeps what has ended, so that the sweep can tell of it. */
const SLACK = 3_600_000

const DEFAULT_CLUSTER_BUCKETS = 16

/**
 * Connects, and sees whether the server is one that the store can work with.
 *
 * Throws `ERR_SESSION_CONFIG` (an option is wrong, the server is too old or refuses the user, or is a Cluster unlike
 * the client, or the other way round), `ERR_SESSION_UNSUPPORTED` (the package `redis` is missing),
 * `ERR_SESSION_STORE_UNAVAILABLE` (no connection) and `ERR_SESSION_STORE_TIMEOUT`.
 */
export async function createRedisStore(
  options: RedisOptions = {},
  context: StoreContext = { now: Date.now },
): Promise<RedisSessionStore> {
  const { target, options: inUrl } = parseRedisUrl(options.url)
  const settings = readOptions({ ...inUrl, ...options })
  const client = options.client
    ? givenClient(options.client, settings.timeout)
    : await targetClient(target, settings.timeout)
  const address = options.client ? `of the given client (${client.library})` : addressOf(target)
  const replication = new Replication(settings.waitReplicas, client)
  const layout = new Layout(settings.prefix, settings.buckets ?? defaultBuckets(client))
  const connection = new Connection(client, address, settings.timeout)
  try {
    await connection.open()
    await checkServer(connection, layout)
  } catch (error) {
    connection.close()
    throw startUpError(error)
  }
  const publishCommand = client.kind === "cluster" ? "SPUBLISH" : "PUBLISH"
  return new RedisStore(connection, layout, replication, { publishCommand, slack: SLACK }, context)
}

/** Opens the store of a URL such as `redis://localhost:6379?prefix=shop:`; see {@link parseRedisUrl}. */
export const openRedisStore = (url: string, context: StoreContext): Promise<RedisSessionStore> =>
  createRedisStore({ url }, context)

const defaultBuckets = (client: Client): number => (client.kind === "cluster" ? DEFAULT_CLUSTER_BUCKETS : 1)
