import { setTimeout as delay } from "node:timers/promises"
import pg from "pg"
import { createClient } from "redis"
import type { SessionStore } from "../src/contract/store.ts"
import { stateOf } from "../src/core/session.ts"
import { createSessions, type Sessions } from "../src/index.ts"
import { createPostgresStore, type PostgresPool } from "../src/stores/postgres/index.ts"
import { createRedisStore } from "../src/stores/redis/index.ts"
import type { Finding, Target } from "./report.ts"

const TIMES = 200

/** What the server was asked: by requests, and by announcements that no request waits for. */
class Calls {
  waited = 0
  announced = 0

  count(command: string): void {
    if (/pg_notify/i.test(command) && !/\b(update|insert|delete)\b/i.test(command)) this.announced += 1
    else this.waited += 1
  }
}

/** What a request asks of the server, through the near cache: counted at the client's side. */
export async function roundTrips(url: string): Promise<Finding[]> {
  const calls = new Calls()
  const { store, end } = await (url.startsWith("redis")
    ? countedRedis(url, calls)
    : countedPostgres(url, calls))
  const sessions = await createSessions({ store, sweepInterval: false })
  const token = await begin(sessions)
  // The near cache keeps nothing that was read before its feed was heard.
  await delay(500)
  const read = async () => (await sessions.open(token)).get("visits")
  const write = async (n: number) => {
    const session = await sessions.open(token)
    session.set("visits", n)
    await session.save()
  }
  const findings = [
    await counted("a warm read", calls, read, { atMost: 0 }),
    await counted("a write", calls, write, { atMost: 1 }),
  ]
  await sessions.close()
  await end()
  return findings.flat()
}

async function counted(
  what: string,
  calls: Calls,
  request: (n: number) => Promise<unknown>,
  target: Target,
): Promise<Finding[]> {
  await request(0)
  await delay(50)
  const before = { ...calls }
  for (let n = 1; n <= TIMES; n++) await request(n)
  // What nobody waited for is under way, perhaps.
  await delay(50)
  const each = (count: number) => ({ median: count / TIMES, low: count / TIMES, high: count / TIMES })
  return [
    {
      what: `the server is asked by ${what}`,
      unit: "calls",
      figure: each(calls.waited - before.waited),
      target,
    },
    { what: `and told after ${what}`, unit: "calls", figure: each(calls.announced - before.announced) },
  ]
}

async function begin(sessions: Sessions): Promise<string> {
  const session = await sessions.open(undefined)
  session.set("visits", 0)
  await session.save()
  const { delivery } = stateOf(session)
  return delivery?.kind === "issue" ? delivery.token : ""
}

interface Counted {
  readonly store: SessionStore
  end(): Promise<void>
}

async function countedPostgres(url: string, calls: Calls): Promise<Counted> {
  const pool = new pg.Pool({ connectionString: url, max: 10 })
  const counting: PostgresPool = {
    connect: async () => intercepted(await pool.connect(), "query", query => calls.count(textOf(query))),
    on: pool.on.bind(pool),
    removeListener: pool.removeListener.bind(pool),
  }
  return { store: await createPostgresStore({ pool: counting, listenUrl: url }), end: () => pool.end() }
}

/** The store makes its connections by `duplicate`; the feed's own ones send nothing that is counted. */
async function countedRedis(url: string, calls: Calls): Promise<Counted> {
  const pattern = createClient({ url })
  const duplicate = pattern.duplicate.bind(pattern)
  const count = (command: unknown): void => {
    const [name = ""] = Array.isArray(command) ? command : []
    if (!/^(publish|ping|subscribe|hello|client)$/i.test(String(name))) calls.count(String(name))
  }
  pattern.duplicate = overrides => intercepted(duplicate(overrides), "sendCommand", count)
  return { store: await createRedisStore({ client: pattern }), end: async () => {} }
}

/** The same object, but each call of one method is told first. */
const intercepted = <Target extends object>(
  target: Target,
  method: string,
  tell: (argument: unknown) => void,
): Target =>
  new Proxy(target, {
    get(_, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== "function") return value
      return (...values: unknown[]): unknown => {
        if (name === method) tell(values[0])
        return Reflect.apply(value, target, values)
      }
    },
  })

const textOf = (query: unknown): string =>
  typeof query === "object" && query !== null && "text" in query ? String(query.text) : String(query)
