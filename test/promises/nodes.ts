import assert from "node:assert/strict"
import type { TestContext } from "node:test"
import { setTimeout as delay, setImmediate as nextTurn } from "node:timers/promises"
import type { SessionManager } from "../../src/core/manager.ts"
import { stateOf } from "../../src/core/session.ts"
import { createSessions, type SessionStore, type Sessions } from "../../src/index.ts"
import { eventually } from "../services/eventually.ts"
import { type FaultProxy, startFaultProxy } from "../services/fault-proxy.ts"
import { makePlace, removePlace, type ServerKind, type StoreKind } from "./store-kind.ts"
import { logIn } from "./trial.ts"

/** B of the nodes, by default. */
export const BOUND = 1_000

export const STORE_TIMEOUT = 300

/** Nodes over one server, by the machine's clock, as an application has them. */
export interface Nodes<Kind extends StoreKind> {
  readonly place: string
  readonly kind: Kind
  /** One node more, over a store of its own, that hears of changes. */
  node(store?: SessionStore): Promise<Sessions>
}

/** They end together with the test, with all that they have stored. */
export async function nodesOver<Kind extends StoreKind>(t: TestContext, kind: Kind): Promise<Nodes<Kind>> {
  const place = await makePlace()
  const nodes: Sessions[] = []
  t.after(async () => {
    await Promise.allSettled(nodes.map(node => node.close()))
    await removePlace(place, kind)
  })
  return {
    place,
    kind,
    async node(given) {
      const store = given ?? (await kind.open(Date.now, place))
      const node = await createSessions({ store, sweepInterval: false, storeTimeout: STORE_TIMEOUT })
      nodes.push(node)
      await hears(node)
      return node
    },
  }
}

/** One node whose way to the server can be broken. */
export async function nodeThrough(
  t: TestContext,
  { kind, place, node }: Nodes<ServerKind>,
  what: "feed" | "everything",
): Promise<{ readonly far: Sessions; readonly proxy: FaultProxy }> {
  const proxy = await startFaultProxy({ port: kind.port })
  const far = await node(await kind.openThrough(proxy, what, place))
  t.after(() => proxy.close())
  return { far, proxy }
}

export const userAt = async (node: Sessions, token: string): Promise<string | undefined> =>
  (await node.open(token, { touch: false })).userId

/** Stores a value by a request on the node; resolves to the version that its client has to name. */
export async function storedOn(
  node: Sessions,
  token: string,
  key: string,
  value: unknown,
): Promise<{ readonly version: number }> {
  const session = await node.open(token)
  await session.set(key, value).save()
  return { version: stateOf(session).record?.version ?? 0 }
}

export const countersOf = (node: SessionManager): Readonly<Record<string, number>> =>
  node.metrics().counters["nearCache"] ?? {}

/** Resolves when the feed has told the node of a change, be it its own. */
export async function hears(node: SessionManager): Promise<void> {
  const { noticesReceived = 0 } = countersOf(node)
  await eventually("the node hears of a change", async () => {
    const session = await node.open(await logIn(node, "canary"))
    await session.logout()
    return Number(countersOf(node)["noticesReceived"]) > noticesReceived
  })
  // Until what this has caused is over.
  for (let before = -1; before !== countersOf(node)["noticesReceived"]; await delay(100)) {
    before = Number(countersOf(node)["noticesReceived"])
  }
}

/** Resolves when the node serves the session from its memory. */
export async function remembers(node: Sessions, token: string): Promise<void> {
  const { hits = 0 } = countersOf(node)
  await eventually("the node serves it from its memory", async () => {
    assert.equal((await node.open(token, { touch: false })).isStored, true)
    return Number(countersOf(node)["hits"]) > hits
  })
}

/** How long after `since` the node began the last request that it still served, in milliseconds; 0 when none. */
export async function lastServed(node: Sessions, token: string, since: number): Promise<number> {
  for (let last = 0; ; await nextTurn()) {
    const begun = performance.now()
    if ((await userAt(node, token)) === undefined) return last
    last = begun - since
    assert.ok(last <= BOUND, `the session was served ${last.toFixed()} ms after its end`)
  }
}
