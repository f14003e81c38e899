import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { createFileStore } from "../../src/stores/file/index.ts"
import { createMemoryStore } from "../../src/stores/memory/index.ts"
import { createSqliteStore } from "../../src/stores/sqlite/index.ts"
import { postgres } from "./postgres-kind.ts"
import { redis } from "./redis-kinds.ts"
import type { StoreKind } from "./store-kind.ts"

/** Every byte that a store has written to its directory. */
async function dump(place: string): Promise<string> {
  const names = await readdir(place)
  const contents = await Promise.all(names.map(name => readFile(join(place, name), "latin1")))
  return contents.join("\n")
}

/** All stores that keep the promises. */
export const stores: readonly StoreKind[] = [
  { name: "memory", open: async now => createMemoryStore({}, { now }) },
  {
    name: "file",
    dump,
    open: (now, place) => createFileStore({ path: join(place, "sessions.txt") }, { now }),
  },
  {
    name: "sqlite",
    dump,
    open: (now, place) =>
      createSqliteStore({ path: join(place, "sessions.db"), durability: "normal" }, { now }),
  },
  postgres,
  redis,
]

const withNearCache = (kind: StoreKind): StoreKind => ({
  ...kind,
  name: `${kind.name} with a near cache`,
  hasNearCache: true,
})

/** The same, and what a manager has before it where other nodes change the store, too. */
export const storesAndNearCaches: readonly StoreKind[] = [
  ...stores,
  withNearCache(postgres),
  withNearCache(redis),
]
