import assert from "node:assert/strict"
import type { TestContext } from "node:test"
import { violations, worstStaleness } from "./checker.ts"
import { type ClusterPlan, runCluster } from "./cluster.ts"
import type { Sabotage } from "./sabotage.ts"

/** B of the nodes, in milliseconds. */
const BOUND = 1_000

type Given = Pick<ClusterPlan, "urls" | "faults"> &
  Partial<Pick<ClusterPlan, "clients" | "duration" | "seed">>

/** Runs traffic and faults, and shows that the history has nothing in it that must not be. */
export async function proveCluster(t: TestContext, given: Given): Promise<void> {
  const plan = { clients: 2_000, duration: 12_000, seed: 1, bound: BOUND, restarts: true, ...given }
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

/** Shows that the checker notices nodes that break a rule. */
export async function proveNoticed(given: Given, sabotage: Sabotage): Promise<void> {
  const history = await runCluster({
    clients: 24,
    duration: 120_000,
    seed: 2,
    bound: BOUND,
    restarts: false,
    ...given,
    sabotage,
    enough: soFar => violations(soFar, BOUND).length > 0,
  })
  assert.notDeepEqual(violations(history, BOUND), [])
}
