import { execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { accessSync, constants } from "node:fs"
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { promisify } from "node:util"
import { administrate } from "../../services/postgres.ts"
import { until } from "./until.ts"

const run = promisify(execFile)

export interface PgBouncer {
  /** The database of the given URL, by way of PgBouncer. */
  readonly url: string
  readonly stop: () => Promise<void>
}

/** Ends PgBouncer when its own input ends, which is when the test closes it or dies. */
const KEEPER = '"$@" >/dev/null 2>&1 & pid=$!; cat >/dev/null; kill -9 $pid; wait $pid'

/** PgBouncer in transaction mode with three connections to the server. Installs Debian's where there is none. */
export async function startPgBouncer(serverUrl: string): Promise<PgBouncer> {
  const program = findPgBouncer() ?? (await installPgBouncer())
  const directory = await mkdtemp(join(tmpdir(), "sojourn-pgbouncer-"))
  await chmod(directory, 0o755)
  const port = await freePort()
  const settings = join(directory, "pgbouncer.ini")
  await writeFile(settings, settingsFor(new URL(serverUrl), port))
  // PgBouncer refuses to run as root.
  const user = process.getuid?.() === 0 ? ["--user", "nobody"] : []
  const keeper = spawn("sh", ["-c", KEEPER, "sh", program, ...user, settings], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  })
  const url = Object.assign(new URL(serverUrl), { port: String(port) }).href
  await until("PgBouncer's start", () =>
    administrate(url, "SELECT 1").then(
      () => true,
      () => false,
    ),
  )
  return {
    url,
    async stop() {
      const ended = once(keeper, "exit")
      keeper.stdin.end()
      await ended
      await rm(directory, { recursive: true })
    },
  }
}

const settingsFor = ({ hostname, port, username, password }: URL, listenPort: number): string => `[databases]
* = host=${hostname} port=${port} user=${username} password=${decodeURIComponent(password)}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${listenPort}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 3
max_client_conn = 200
`

function findPgBouncer(): string | undefined {
  const { PATH = "" } = process.env
  const directories = [...PATH.split(delimiter), "/usr/sbin"]
  return directories.map(directory => join(directory, "pgbouncer")).find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

async function installPgBouncer(): Promise<string> {
  if (process.getuid?.() !== 0) throw missing("only root can install it")
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" }
  try {
    await run("apt-get", ["update"], { env })
    await run("apt-get", ["install", "--yes", "--no-install-recommends", "pgbouncer"], { env })
  } catch (error) {
    throw missing("apt-get could not install it", error)
  }
  return findPgBouncer() ?? "/usr/sbin/pgbouncer"
}

const missing = (why: string, cause?: unknown): Error =>
  new Error(`these tests need PgBouncer, and ${why}: install Debian's pgbouncer`, { cause })

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1")
  await once(probe, "listening")
  const address = probe.address()
  probe.close()
  await once(probe, "close")
  return typeof address === "object" && address ? address.port : 0
}
