import { after } from "node:test"
import { setTimeout as delay } from "node:timers/promises"
import { type RedisServer, startRedisServer } from "./redis-server.ts"

/** A server of its own. It ends, and its files go, with `stop` or with this process, however that ends. */
export const startRedis = (settings: readonly string[] = []): Promise<RedisServer> =>
  startRedisServer(settings)

export interface RedisCluster {
  /** `redis+cluster://…` */
  readonly url: string
  readonly nodes: readonly RedisServer[]
  stop(): Promise<void>
}

const SLOTS = 16_384

/** Three masters, each with a third of the slots. */
export async function startRedisCluster(settings: readonly string[] = []): Promise<RedisCluster> {
  const lines = ["cluster-enabled yes", "cluster-node-timeout 2000", ...settings]
  const nodes = await Promise.all([1, 2, 3].map(() => startRedisServer(lines)))
  const stop = async (): Promise<void> => void (await Promise.all(nodes.map(node => node.stop())))
  try {
    await join(nodes)
  } catch (error) {
    await stop()
    throw error
  }
  const url = `redis+cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(",")}`
  return { url, nodes, stop }
}

async function join(nodes: readonly RedisServer[]): Promise<void> {
  const [first] = nodes
  for (const [index, node] of nodes.entries()) {
    const from = Math.floor((index * SLOTS) / nodes.length)
    const to = Math.floor(((index + 1) * SLOTS) / nodes.length) - 1
    await node.cli("CLUSTER", "ADDSLOTSRANGE", `${from}`, `${to}`)
    await node.cli("CLUSTER", "SET-CONFIG-EPOCH", `${index + 1}`)
    if (first && node !== first) await node.cli("CLUSTER", "MEET", "127.0.0.1", `${first.port}`)
  }
  await Promise.all(nodes.map(node => joined(node, nodes.length)))
}

async function joined(node: RedisServer, size: number): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt++) {
    const info = await node.cli("CLUSTER", "INFO")
    if (info.includes("cluster_state:ok") && info.includes(`cluster_known_nodes:${size}`)) return
    await delay(50)
  }
  throw new Error(`the cluster's node on port ${node.port} does not find the others`)
}

export interface RedisSentinel {
  /** `redis+sentinel://…/main` */
  readonly url: string
  readonly sentinel: RedisServer
  readonly primary: RedisServer
  readonly replica: RedisServer
  stop(): Promise<void>
}

/** A primary waits for more replicas, unless told not to. */
const AT_ONCE = "repl-diskless-sync-delay 0"

/** A replica that has all of the primary's data. */
export async function startReplica(primary: RedisServer): Promise<RedisServer> {
  const replica = await startRedis([AT_ONCE, `replicaof 127.0.0.1 ${primary.port}`])
  for (let attempt = 0; attempt < 1000; attempt++) {
    if ((await replica.cli("INFO", "replication")).includes("master_link_status:up")) return replica
    await delay(20)
  }
  await replica.stop()
  throw new Error(`the replica on port ${replica.port} does not reach its primary`)
}

/** A primary named `main`, a replica, and one sentinel that judges alone. */
export async function startRedisSentinel(): Promise<RedisSentinel> {
  const servers: RedisServer[] = []
  const stop = async (): Promise<void> => void (await Promise.all(servers.map(server => server.stop())))
  try {
    const primary = await startRedis([AT_ONCE])
    servers.push(primary)
    const replica = await startReplica(primary)
    servers.push(replica)
    const monitor = `sentinel monitor main 127.0.0.1 ${primary.port} 1`
    const quick = ["sentinel down-after-milliseconds main 1000", "sentinel failover-timeout main 5000"]
    const sentinel = await startRedisServer([monitor, ...quick], "sentinel")
    servers.push(sentinel)
    return { url: `redis+sentinel://127.0.0.1:${sentinel.port}/main`, sentinel, primary, replica, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

let shared: Promise<string> | undefined
let sharedCluster: Promise<string> | undefined

/**
 * The server of this test run: `SOJOURN_TEST_REDIS_URL`, or one that is started for this file alone. Call it at the
 * top of a test file, and use a prefix of your own.
 */
export function redisUrl(): Promise<string> {
  shared ??= sharedUrl("SOJOURN_TEST_REDIS_URL", () => startRedis())
  return shared
}

/**
 * The Cluster of this test run: `SOJOURN_TEST_REDIS_CLUSTER_URL`, or one that is started for this file alone; as
 * above.
 */
export function redisClusterUrl(): Promise<string> {
  sharedCluster ??= sharedUrl("SOJOURN_TEST_REDIS_CLUSTER_URL", () => startRedisCluster())
  return sharedCluster
}

async function sharedUrl(
  variable: string,
  start: () => Promise<Pick<RedisServer, "url" | "stop">>,
): Promise<string> {
  const given = process.env[variable]
  if (given) return given
  const server = await start()
  after(() => server.stop())
  return server.url
}
