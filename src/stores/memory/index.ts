import type { StoreContext } from "../../contract/store.ts"
import { MemoryStore } from "./memory-store.ts"
import { limitsOf, type MemoryStoreOptions, optionsOf } from "./options.ts"

export type { MemoryStore, MemoryStoreOptions }

/**
 * Opens a store in this process's memory: for one process, for tests, and wherever sessions need not outlive a
 * restart.
 *
 * It is bounded. When it is full it removes expired sessions, and if that does not make room, a call to `apply`
 * that would make it grow is refused as a whole with `ERR_SESSION_STORE_FULL`, and nothing of it is applied. It
 * never evicts a live session: who is to be logged out is for the application to decide.
 *
 * @throws SessionError `ERR_SESSION_CONFIG`
 */
export const createMemoryStore = (
  options: MemoryStoreOptions = {},
  context: StoreContext = { now: Date.now },
): MemoryStore => new MemoryStore(limitsOf(options), context.now)

/**
 * Opens `memory:`, with `maxSessions`, `maxBytes` and `maxHitKeys` as parameters: `memory:?maxSessions=1000&maxBytes=64000000`.
 *
 * @throws SessionError `ERR_SESSION_CONFIG`
 */
export const openMemoryStore = (url: string, context: StoreContext): MemoryStore =>
  createMemoryStore(optionsOf(url), context)
