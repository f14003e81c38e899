import { spawn } from "node:child_process"
import { once } from "node:events"
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { requireProgram } from "../../services/debian-package.ts"
import { eventually } from "../../services/eventually.ts"
import { freePort } from "../../services/free-port.ts"
import { administrate } from "../../services/postgres.ts"

const PGBOUNCER = {
  names: ["pgbouncer"],
  package: "pgbouncer",
  need: "these tests need PgBouncer",
  remedy: "install Debian's pgbouncer",
}

export interface PgBouncer {
  /** The database of the given URL, by way of PgBouncer. */
  readonly url: string
  readonly stop: () => Promise<void>
}

/** Ends PgBouncer when its own input ends, which is when the test closes it or dies. */
const KEEPER = '"$@" >/dev/null 2>&1 & pid=$!; cat >/dev/null; kill -9 $pid; wait $pid'

/** PgBouncer in transaction mode with three connections to the server. Installs Debian's where there is none. */
export async function startPgBouncer(serverUrl: string): Promise<PgBouncer> {
  const program = await requireProgram(PGBOUNCER)
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
  await eventually("PgBouncer's start", () =>
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
