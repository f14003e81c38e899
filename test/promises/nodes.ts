import assert from "node:assert/strict"
import type { TestContext } from "node:test"
import { setImmediate as nextTurn } from "node:timers/promises"
import { createSessions, type SessionStore, type Sessions } from "../../src/index.ts"
import { type FaultProxy, startFaultProxy } from "../services/fault-proxy.ts"
import { makePlace, removePlace, type ServerKind, type StoreKind } from "./store-kind.ts"

/** B of the nodes, by default. */
export const BOUND = 1_000

/** Nodes over one server, by the machine's clock, as an application has them. */
export interface Nodes<Kind extends StoreKind> {
  readonly place: string
  readonly kind: Kind
  /** One node more, over a store of its own. */
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
      const node = await createSessions({ store, sweepInterval: false, storeTimeout: 300 })
      nodes.push(node)
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

export const countersOf = (node: Sessions): Readonly<Record<string, number>> =>
  node.metrics().counters["nearCache"] ?? {}

/** Resolves when the node serves the session from its memory, and hears of changes. */
export async function remembers(node: Sessions, token: string): Promise<void> {
  const { hits = 0 } = countersOf(node)
  while ((countersOf(node)["hits"] ?? 0) === hits) {
    assert.notEqual(await userAt(node, token), undefined, "the session is live")
    await nextTurn()
  }
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
