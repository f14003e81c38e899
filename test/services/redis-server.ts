import { type ChildProcess, execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, readFile, writeFile } from "node:fs/promises"
import { Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { promisify } from "node:util"
import { requireProgram } from "./debian-package.ts"
import { freePort } from "./free-port.ts"

const run = promisify(execFile)

const REDIS = {
  package: "redis-server",
  need: "these tests need redis-server and redis-cli",
  remedy: "install Debian's redis-server, or give SOJOURN_TEST_REDIS_URL and SOJOURN_TEST_REDIS_CLUSTER_URL",
}

/** A server process, with its files in a temporary directory and without persistence. */
export interface RedisServer {
  readonly port: number
  readonly url: string
  /** Runs a command with redis-cli, and resolves to what it prints; rejects when the server refuses it. */
  cli(...command: readonly string[]): Promise<string>
  /** `kill -9`, and waits until it is gone. */
  kill(): Promise<void>
  /** Starts it again on the same port, empty. */
  start(): Promise<void>
  /** Freezes it (`SIGSTOP`): its sockets stay open and silent. */
  freeze(): void
  thaw(): void
  /** Ends it and removes its files. A second call does nothing. */
  stop(): Promise<void>
}

/**
 * A shell stands guard over the server: when its standard input ends, because it was told so or because this process
 * has ended in whatever way, it kills the server and removes its files.
 */
const GUARD = `
directory=$1; shift
cd "$directory"
"$@" > "$directory/log" 2>&1 &
server=$!
echo $server
cat > /dev/null
kill -9 $server 2> /dev/null
wait $server 2> /dev/null
rm -rf "$directory"
`

export type Role = "server" | "sentinel"

/** Starts `redis-server` with these lines of configuration, besides the few that every one has. */
export async function startRedisServer(
  settings: readonly string[] = [],
  role: Role = "server",
): Promise<RedisServer> {
  for (const name of ["redis-server", "redis-cli"]) await requireProgram({ ...REDIS, names: [name] })
  const server = new GuardedServer(await freePort(), settings, role)
  await server.start()
  return server
}

class GuardedServer implements RedisServer {
  readonly port: number
  readonly #settings: readonly string[]
  readonly #role: Role
  #guard: ChildProcess | undefined
  #pid = 0

  constructor(port: number, settings: readonly string[], role: Role) {
    this.port = port
    this.#settings = settings
    this.#role = role
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  async start(): Promise<void> {
    const directory = await mkdtemp(join(tmpdir(), "sojourn-redis-"))
    const common = [`port ${this.port}`, "bind 127.0.0.1", `dir ${directory}`]
    const memoryOnly = this.#role === "server" ? ['save ""', "appendonly no"] : []
    await writeFile(join(directory, "conf"), [...common, ...memoryOnly, ...this.#settings, ""].join("\n"))
    const values = ["redis-server", "./conf", ...(this.#role === "sentinel" ? ["--sentinel"] : [])]
    const guard = spawn("sh", ["-c", GUARD, "sh", directory, ...values], {
      stdio: ["pipe", "pipe", "inherit"],
      // Whoever kills a test's process group must not kill the guard before it has done its work.
      detached: true,
    })
    this.#guard = guard
    const [pid] = await once(guard.stdout, "data")
    this.#pid = Number(String(pid))
    await this.#answering(directory)
    // A test's process that has nothing else to do ends, and with it the server.
    guard.unref()
    for (const stream of [guard.stdin, guard.stdout]) if (stream instanceof Socket) stream.unref()
  }

  async cli(...command: readonly string[]): Promise<string> {
    const { stdout } = await run("redis-cli", ["-e", "-h", "127.0.0.1", "-p", `${this.port}`, ...command])
    return stdout.trimEnd()
  }

  freeze(): void {
    process.kill(this.#pid, "SIGSTOP")
  }

  thaw(): void {
    process.kill(this.#pid, "SIGCONT")
  }

  async kill(): Promise<void> {
    const guard = this.#guard
    this.#guard = undefined
    if (!guard || guard.exitCode !== null || guard.signalCode !== null) return
    guard.ref()
    const ended = once(guard, "exit")
    guard.stdin?.end()
    await ended
  }

  stop(): Promise<void> {
    return this.kill()
  }

  async #answering(directory: string): Promise<void> {
    for (let attempt = 0; attempt < 500; attempt++) {
      const reply = await this.cli("ping").catch(String)
      if (/PONG|NOAUTH|NOPERM|WRONGPASS/.test(reply)) return
      if (this.#guard?.exitCode !== null) break
      await delay(20)
    }
    const log = await readFile(join(directory, "log"), "utf8").catch(String)
    await this.kill()
    throw new Error(`redis-server does not answer on port ${this.port}. Its log says: ${log}`)
  }
}
