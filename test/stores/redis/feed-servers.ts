import { mkdir, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { eventually } from "../../services/eventually.ts"
import { type RedisServer, startRedisServer } from "../../services/redis-server.ts"

export interface RunningServers extends AsyncDisposable {
  readonly servers: readonly [RedisServer, ...RedisServer[]]
}

export async function startSingle(): Promise<RunningServers> {
  return startServers(1, [])
}

/** Three masters, without replicas. */
export async function startCluster(): Promise<RunningServers> {
  const running = await startServers(3, ["cluster-enabled yes", "cluster-node-timeout 2000"])
  const addresses = running.servers.map(({ port }) => `127.0.0.1:${port}`)
  const [first] = running.servers
  await first.cli("--cluster", "create", ...addresses, "--cluster-yes")
  await isWhole(running)
  return running
}

/** Resolves once every node says that all slots are served. */
export async function isWhole({ servers }: RunningServers): Promise<void> {
  for (const server of servers) {
    await eventually("the whole cluster", async () =>
      (await server.cli("CLUSTER", "INFO")).includes("cluster_state:ok"),
    )
  }
}

/** A master and its replica, and the sentinel that watches the master by the name `sojourn`, in this order. */
export async function startSentinel(): Promise<RunningServers & { readonly sentinel: RedisServer }> {
  const running = await startServers(2, ["repl-diskless-sync-delay 0"])
  const [master, ...replicas] = running.servers
  for (const replica of replicas) await replica.cli("REPLICAOF", "127.0.0.1", `${master.port}`)
  const watched = [
    `sentinel monitor sojourn 127.0.0.1 ${master.port} 1`,
    "sentinel down-after-milliseconds sojourn 2000",
    "sentinel failover-timeout sojourn 3000",
  ]
  const sentinel = await startRedisServer(watched, "sentinel")
  // It asks every ten seconds who the replicas are, and fails over only what it knows.
  await sentinel.cli("SENTINEL", "DEBUG", "INFO-PERIOD", "500")
  // It makes a former master a replica after four of these periods: the tests do that, when they have seen what happens before.
  await sentinel.cli("SENTINEL", "DEBUG", "PUBLISH-PERIOD", "60000")
  const end = async (): Promise<void> => {
    await sentinel.stop()
    await running[Symbol.asyncDispose]()
  }
  return { ...running, sentinel, [Symbol.asyncDispose]: end }
}

async function startServers(count: number, settings: readonly string[]): Promise<RunningServers> {
  const directory = await mkdtemp(join(tmpdir(), "sojourn-feed-"))
  // What a node of a Cluster knows of the others is there again when it is started again.
  const start = async (index: number): Promise<RedisServer> => {
    const own = join(directory, `${index}`)
    await mkdir(own)
    return startRedisServer([...settings, `dir ${own}`])
  }
  const servers: [RedisServer, ...RedisServer[]] = [await start(0)]
  for (let index = 1; index < count; index++) servers.push(await start(index))
  return {
    servers,
    async [Symbol.asyncDispose]() {
      await Promise.all(servers.map(server => server.stop()))
      await rm(directory, { recursive: true, force: true })
    },
  }
}
