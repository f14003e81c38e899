import assert from "node:assert/strict"
import type { TestContext } from "node:test"
import type { SessionStore } from "../../src/contract/index.ts"
import { SessionManager } from "../../src/core/manager.ts"
import type { ManagerOptions } from "../../src/core/options.ts"
import { type Session, stateOf } from "../../src/core/session.ts"
import { cached } from "../../src/near-cache.ts"
import { ManualClock } from "../../src/testing/index.ts"
import { ReferenceStore } from "../testing/reference-store.ts"
import { type FullStore, makePlace, removePlace, type StoreKind } from "./store-kind.ts"
import { TappedStore } from "./tapped-store.ts"

/** Where a promise is tried: a store, a clock that stands still, and managers over the store. */
export interface Trial<Store extends FullStore = ReferenceStore> {
  readonly clock: ManualClock
  readonly store: Store
  /** The same store, not immediate, with its calls written down. */
  readonly tapped: TappedStore
  /** The store's directory. */
  readonly place: string
  /** A manager over the store itself; with a near cache of its own, where the kind has one. */
  manager(options?: ManagerOptions): SessionManager
  /** The same over the tapped store. */
  tappedManager(options?: ManagerOptions): SessionManager
}

/** The plainest store, where it does not matter which. */
export const anyStore: StoreKind<ReferenceStore> = {
  name: "reference",
  open: async now => new ReferenceStore(now),
}

/** Begins a trial that ends, with all that it has opened, together with the test. */
export function trial(t: TestContext): Promise<Trial>
export function trial(t: TestContext, kind: StoreKind): Promise<Trial<FullStore>>
export async function trial(t: TestContext, kind: StoreKind = anyStore): Promise<Trial<FullStore>> {
  const clock = new ManualClock()
  const place = await makePlace()
  const store = await kind.open(clock.now, place)
  const tapped = new TappedStore(store)
  const managers: SessionManager[] = []
  const made = (over: SessionStore, options: ManagerOptions = {}): SessionManager => {
    const seen = kind.hasNearCache ? cached(over, {}, clock.now) : over
    const manager = new SessionManager(seen, { now: clock.now, sweepInterval: false, ...options })
    managers.push(manager)
    return manager
  }
  t.after(async () => {
    await Promise.allSettled(managers.map(manager => manager.close()))
    await store.close()
    await removePlace(place, kind)
  })
  return {
    clock,
    store,
    tapped,
    place,
    manager: options => made(store, options),
    tappedManager: options => made(tapped, options),
  }
}

/** The token that the client must be told of. */
export function tokenOf<Data extends object>(session: Session<Data>): string {
  const { delivery } = stateOf(session)
  assert.equal(delivery?.kind, "issue")
  return delivery.token
}

/** What the client must be told, as the carrier would read it. */
export const deliveryOf = <Data extends object>(session: Session<Data>) => stateOf(session).delivery

/** The secret part of a token. */
export const secretOf = (token: string): string => token.slice(23)

/** A stored, anonymous session with this data; resolves to its token. */
export async function begin(
  manager: SessionManager,
  data: Record<string, unknown> = { a: 1 },
): Promise<string> {
  const session = await manager.open(undefined)
  for (const [key, value] of Object.entries(data)) session.set(key, value)
  await session.save()
  return tokenOf(session)
}

/** A session with a user; resolves to its token. */
export async function logIn(
  manager: SessionManager,
  userId: string,
  data: Record<string, unknown> = {},
): Promise<string> {
  const session = await manager.open(undefined)
  for (const [key, value] of Object.entries(data)) session.set(key, value)
  await session.login(userId)
  return tokenOf(session)
}

/** What a new request sees under this key. */
export async function storedValue(manager: SessionManager, token: string, key: string): Promise<unknown> {
  return (await manager.open(token)).get(key)
}

/** Whether the token opens a stored session. */
export async function opens(manager: SessionManager, token: string): Promise<boolean> {
  return (await manager.open(token)).isStored
}

/** What `assert.rejects` and `assert.throws` compare an error with. */
export const code = (name: string): { readonly code: string } => ({ code: name })

/** Lets everything go on that needs no time. */
export const settled = (): Promise<void> => new Promise(resolve => setTimeout(resolve, 5))

/** An array of this many, made by index. */
export const times = <Result>(count: number, make: (index: number) => Result): Result[] =>
  Array.from({ length: count }, (_, index) => make(index))

/** Resolves once all changes that the manager has sent until now are stored: they keep their order. */
export async function changesStored(manager: SessionManager): Promise<void> {
  const session = await manager.open(undefined)
  await session.set("last", true).save()
  await session.revoke()
}

/** As when touchInterval has passed: what was gathered is stored. */
export async function touchesStored(manager: SessionManager): Promise<void> {
  await manager.countOnline({ within: 1 })
  await changesStored(manager)
}
