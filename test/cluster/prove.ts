import assert from "node:assert/strict"
import type { TestContext } from "node:test"
import { setTimeout as delay } from "node:timers/promises"
import { SeededRandom } from "../../src/testing/seeded-random.ts"
import { violations, worstStaleness } from "./checker.ts"
import { Client } from "./client.ts"
import { type ClusterPlan, runCluster, withNodes } from "./cluster.ts"
import { History } from "./history.ts"
import type { Sabotage } from "./sabotage.ts"

/** B of the nodes, in milliseconds. */
const BOUND = 1_000

type Given = Pick<ClusterPlan, "urls" | "faults"> &
  Partial<Pick<ClusterPlan, "clients" | "duration" | "seed">>

/** Runs traffic and faults, and shows that the history has nothing in it that must not be. */
export async function proveCluster(t: TestContext, given: Given): Promise<void> {
  const plan = { clients: 2_000, duration: 12_000, seed: 1, bound: BOUND, ...given }
  const history = await runCluster(plan)
  t.diagnostic(
    `${history.shown.length} answers, ${history.ended.length} ends, ${history.remains.size} sessions left; ` +
      `worst staleness after a revocation ${worstStaleness(history).toFixed(0)} ms of ${BOUND} allowed`,
  )
  assert.ok(history.shown.length > 1_000, `only ${history.shown.length} answers`)
  assert.ok(history.ended.length > 20, `only ${history.ended.length} ends`)
  assert.ok(history.remains.size > 20, `only ${history.remains.size} sessions are left`)
  assert.deepEqual(violations(history, BOUND).slice(0, 10), [])
}

/** How the feed of the first node is broken. */
export interface FeedFault {
  /** Nothing arrives any more, and nobody is told. */
  silence(): void
  /** Down for less time than the node trusts what it remembers: what is told meanwhile is missed. */
  outage(): void
  heal(): void
}

const CLIENTS = 8
const ROUNDS = 15

/** Shows that the checker notices nodes that break a rule, in rounds made for it. */
export async function proveNoticed(
  { urls, feed }: { readonly urls: readonly string[]; readonly feed: FeedFault },
  sabotage: Sabotage,
): Promise<void> {
  const history = new History()
  await withNodes({ urls, bound: BOUND, sabotage }, async port => {
    for (let round = 0; round < ROUNDS && violations(history, BOUND).length === 0; round++) {
      const clients = Array.from(
        { length: CLIENTS },
        (_, index) => new Client(`user${index}`, port, history, new SeededRandom(round)),
      )
      // Twice as often as there are nodes, since clients at the same time take each other's turns.
      const all = (step: (client: Client, requests: number) => Promise<void>) =>
        Promise.all(clients.map(client => step(client, 2 * urls.length)))
      await all((client, requests) => client.settle(requests))
      if (sabotage === "fence") feed.outage()
      else feed.silence()
      if (sabotage === "version") await all((client, requests) => client.changeAndRead(requests))
      await all(client => client.logout())
      if (sabotage === "fence") feed.heal()
      await delay(BOUND + 200)
      await all((client, requests) => client.tryStolen(requests))
      feed.heal()
    }
  })
  assert.notDeepEqual(violations(history, BOUND), [])
}

/** Of nodes whose feed has no line that could break. */
export const unbreakable: FeedFault = { silence() {}, outage() {}, heal() {} }
