import { type ChildProcess, execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { until } from "./feed-log.ts"

const run = promisify(execFile)

/** A `redis-server` of its own, which can be killed and started again on the same port. */
export class RedisServer {
  readonly port: number
  readonly #words: readonly string[]
  #process: ChildProcess | undefined

  /** The words are those of its command line. */
  constructor(port: number, words: readonly string[]) {
    this.port = port
    this.#words = words
  }

  async start(): Promise<void> {
    const child = spawn("redis-server", this.#words, { stdio: "ignore" })
    this.#process = child
    await until("redis-server to answer", async () => {
      if (child.exitCode !== null) throw new Error(`redis-server has ended with ${child.exitCode}`)
      return (await this.cli("PING").catch(() => "")) === "PONG"
    })
  }

  async kill(): Promise<void> {
    const child = this.#process
    this.#process = undefined
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    child.kill("SIGKILL")
    await once(child, "exit")
  }

  async cli(...words: readonly string[]): Promise<string> {
    const { stdout } = await run("redis-cli", ["-e", "-h", "127.0.0.1", "-p", `${this.port}`, ...words])
    return stdout.trim()
  }
}

export interface RunningServers extends AsyncDisposable {
  /** Removed in the end, with all that is in it. */
  readonly directory: string
  readonly servers: readonly [RedisServer, ...RedisServer[]]
}

export async function startSingle(): Promise<RunningServers> {
  return startServers(1, [])
}

/** Three masters, without replicas. */
export async function startCluster(): Promise<RunningServers> {
  const running = await startServers(3, ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"])
  const addresses = running.servers.map(({ port }) => `127.0.0.1:${port}`)
  const [first] = running.servers
  await first.cli("--cluster", "create", ...addresses, "--cluster-yes")
  await isWhole(running)
  return running
}

/** Resolves once every node says that all slots are served. */
export async function isWhole({ servers }: RunningServers): Promise<void> {
  for (const server of servers) {
    await until("the whole cluster", async () =>
      (await server.cli("CLUSTER", "INFO")).includes("cluster_state:ok"),
    )
  }
}

/** A master and its replica, and the sentinel that watches the master by the name `sojourn`, in this order. */
export async function startSentinel(): Promise<RunningServers & { readonly sentinel: RedisServer }> {
  const running = await startServers(2, ["--repl-diskless-sync-delay", "0"])
  const [master, ...replicas] = running.servers
  for (const replica of replicas) await replica.cli("REPLICAOF", "127.0.0.1", `${master.port}`)
  const port = await freePort()
  const file = join(running.directory, "sentinel.conf")
  await writeFile(file, sentinelConfiguration(port, master.port))
  const sentinel = new RedisServer(port, [file, "--sentinel"])
  await sentinel.start()
  // It asks every ten seconds who the replicas are, and fails over only what it knows.
  await sentinel.cli("SENTINEL", "DEBUG", "INFO-PERIOD", "500")
  // It makes a former master a replica after four of these periods: the tests do that, when they have seen what happens before.
  await sentinel.cli("SENTINEL", "DEBUG", "PUBLISH-PERIOD", "60000")
  const end = async (): Promise<void> => {
    await sentinel.kill()
    await running[Symbol.asyncDispose]()
  }
  return { ...running, sentinel, [Symbol.asyncDispose]: end }
}

const sentinelConfiguration = (port: number, master: number): string =>
  [
    `port ${port}`,
    "bind 127.0.0.1",
    `sentinel monitor sojourn 127.0.0.1 ${master} 1`,
    "sentinel down-after-milliseconds sojourn 2000",
    "sentinel failover-timeout sojourn 3000",
    "",
  ].join("\n")

async function startServers(count: number, options: readonly string[]): Promise<RunningServers> {
  const directory = await mkdtemp(join(tmpdir(), "sojourn-feed-"))
  const start = async (index: number): Promise<RedisServer> => {
    const port = await freePort()
    const own = join(directory, `${index}`)
    await mkdir(own)
    const words = [
      "--port",
      `${port}`,
      "--bind",
      "127.0.0.1",
      "--save",
      "",
      "--appendonly",
      "no",
      "--dir",
      own,
    ]
    const server = new RedisServer(port, [...words, ...options])
    await server.start()
    return server
  }
  const servers: [RedisServer, ...RedisServer[]] = [await start(0)]
  for (let index = 1; index < count; index++) servers.push(await start(index))
  return {
    directory,
    servers,
    async [Symbol.asyncDispose]() {
      await Promise.all(servers.map(server => server.kill()))
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** A port whose cluster bus, 10000 above it, is free too. Both are below those that the system gives to clients. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 12_000 + Math.floor(Math.random() * 10_000)
    if ((await isFree(port)) && (await isFree(port + 10_000))) return port
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  const free = new Promise<boolean>(resolve => {
    server.once("listening", () => resolve(true))
    server.once("error", () => resolve(false))
  })
  server.listen(port, "127.0.0.1")
  if (!(await free)) return false
  server.close()
  await once(server, "close")
  return true
}
