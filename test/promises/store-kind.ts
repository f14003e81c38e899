import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { ClearableStore, CountingStore, UserIndexedStore } from "../../src/contract/index.ts"
import type { FaultProxy } from "../services/fault-proxy.ts"

export type FullStore = UserIndexedStore & CountingStore & ClearableStore

/** A store that keeps the promises. */
export interface StoreKind<Store extends FullStore = FullStore> {
  readonly name: string
  /** Whether each manager over it is a node with a near cache. */
  readonly hasNearCache?: boolean
  /** Opens the store that belongs to this directory, even where it is kept elsewhere. */
  open(now: () => number, place: string): Promise<Store>
  /** All that somebody gets who copies what the store has written, one byte a character. Memory cannot be copied. */
  readonly dump?: (place: string) => Promise<string>
  /** Removes what lies outside of the directory. */
  readonly remove?: (place: string) => Promise<void>
}

/** Of a store on a server: nodes may have a network between them and it. */
export interface ServerKind extends StoreKind {
  readonly port: number
  /** The same store over a proxy before the server: the feed alone, or everything. */
  openThrough(proxy: FaultProxy, what: "feed" | "everything", place: string): Promise<FullStore>
}

export const makePlace = (): Promise<string> => mkdtemp(join(tmpdir(), "sojourn-promises-"))

export async function removePlace(place: string, kind?: StoreKind): Promise<void> {
  await kind?.remove?.(place)
  await rm(place, { recursive: true, force: true })
}
