import { SessionError } from "../contract/errors.ts"
import type { SessionStore, StoreContext, StoreFactory } from "../contract/store.ts"

const openPostgres: StoreFactory = async (url, context) =>
  (await import("./postgres/index.ts")).openPostgresStore(url, context)
const openRedis: StoreFactory = async (url, context) =>
  (await import("./redis/index.ts")).openRedisStore(url, context)

const factories = new Map<string, StoreFactory>([
  ["memory", async (url, context) => (await import("./memory/index.ts")).openMemoryStore(url, context)],
  ["file", async (url, context) => (await import("./file/index.ts")).openFileStore(url, context)],
  ["sqlite", async (url, context) => (await import("./sqlite/index.ts")).openSqliteStore(url, context)],
  ["postgres", openPostgres],
  ["postgresql", openPostgres],
  ["redis", openRedis],
  ["rediss", openRedis],
  ["redis+cluster", openRedis],
  ["rediss+cluster", openRedis],
  ["redis+sentinel", openRedis],
  ["rediss+sentinel", openRedis],
  ["valkey", openRedis],
  ["valkeys", openRedis],
  ["valkey+cluster", openRedis],
  ["valkeys+cluster", openRedis],
  ["valkey+sentinel", openRedis],
  ["valkeys+sentinel", openRedis],
])

/**
 * Makes `name:…` a store's URL for the whole process. A name that is taken, empty or no URL scheme, and a factory that is
 * no function, throw `ERR_SESSION_CONFIG`.
 */
export function registerStore(name: string, factory: StoreFactory): void {
  if (!/^[a-z][a-z0-9+.-]*$/.test(name)) {
    throw wrong(
      `"${name}" is no name for a store: begin with a small letter; then letters, digits, +, - and .`,
    )
  }
  if (typeof factory !== "function") throw wrong(`the factory of store "${name}" is no function`)
  if (factories.has(name)) throw wrong(`a store named "${name}" is registered already: choose another name`)
  factories.set(name, factory)
}

/** The names that `openStore` knows. */
export const storeNames = (): string[] => [...factories.keys()].sort()

/** Opens a store by its URL: `memory:`, `file:./sessions.txt`, `sqlite:./sessions.db`, or a registered name. */
export async function openStore(
  url: string,
  context: StoreContext = { now: Date.now },
): Promise<SessionStore> {
  const name = /^([a-z][a-z0-9+.-]*):/.exec(url)?.[1]
  const factory = name === undefined ? undefined : factories.get(name)
  if (factory) return await factory(url, context)
  const what =
    name === undefined ? "the store's URL begins with no name and colon" : `no store is named "${name}"`
  throw wrong(`${what}: known are ${storeNames().join(", ")}; registerStore adds others`)
}

const wrong = (message: string): SessionError => new SessionError("ERR_SESSION_CONFIG", message)
