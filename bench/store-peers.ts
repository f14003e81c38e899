/** Session stores on a server, of other libraries; see peers.ts. */
import pg from "pg"
import { createClient } from "redis"
import { type ExpressSession, type ExpressSessionStore, expressSession } from "./peers.ts"

/** Connections to PostgreSQL, for every library alike: as many as ours has by default. */
const POOL_SIZE = 10

const load = async <Module>(name: string): Promise<Module> => await import(name)

type ConnectPgSimple = (
  session: ExpressSession,
) => new (options: {
  pool: object
  createTableIfMissing: boolean
  pruneSessionInterval: false
}) => ExpressSessionStore

interface ConnectRedis {
  readonly RedisStore: new (options: { client: object }) => ExpressSessionStore
}

/** With its recommended table, which it makes. */
export async function connectPgSimple(url: string): Promise<ExpressSessionStore> {
  const { default: connect } = await load<{ default: ConnectPgSimple }>("connect-pg-simple")
  const Store = connect(await expressSession())
  const pool = new pg.Pool({ connectionString: url, max: POOL_SIZE })
  return new Store({ pool, createTableIfMissing: true, pruneSessionInterval: false })
}

/** Over a client of node-redis, as its README has it. */
export async function connectRedis(url: string): Promise<ExpressSessionStore> {
  const { RedisStore } = await load<ConnectRedis>("connect-redis")
  const client = createClient({ url })
  await client.connect()
  return new RedisStore({ client })
}
