import { mkdtemp, readdir, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type {
  ClearableStore,
  CountingStore,
  ImmediateStore,
  UserIndexedStore,
} from "../../src/contract/index.ts"
import { createFileStore } from "../../src/stores/file/index.ts"
import { createMemoryStore } from "../../src/stores/memory/index.ts"
import { createSqliteStore } from "../../src/stores/sqlite/index.ts"

export type FullStore = ImmediateStore & UserIndexedStore & CountingStore & ClearableStore

/** A store that keeps the promises on one machine, opened in a directory of its own. */
export interface StoreKind {
  readonly name: string
  /** Whether what it holds can be read from files. */
  readonly durable: boolean
  open(now: () => number, place: string): Promise<FullStore>
}

export const stores: readonly StoreKind[] = [
  { name: "memory", durable: false, open: async now => createMemoryStore({}, { now }) },
  {
    name: "file",
    durable: true,
    open: (now, place) => createFileStore({ path: join(place, "sessions.txt") }, { now }),
  },
  {
    name: "sqlite",
    durable: true,
    open: (now, place) =>
      createSqliteStore({ path: join(place, "sessions.db"), durability: "normal" }, { now }),
  },
]

export const makePlace = (): Promise<string> => mkdtemp(join(tmpdir(), "sojourn-promises-"))

export const removePlace = (place: string): Promise<void> => rm(place, { recursive: true, force: true })

/** Every byte that a store has written to its directory, one byte a character. */
export async function bytesOf(place: string): Promise<string> {
  const names = await readdir(place)
  const contents = await Promise.all(names.map(name => readFile(join(place, name), "latin1")))
  return contents.join("\n")
}
