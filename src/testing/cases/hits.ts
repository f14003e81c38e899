import assert from "node:assert/strict"
import type { Hit, HitOutcome } from "../../contract/hit.ts"
import type { HitCountingStore } from "../../contract/store.ts"
import { capabilityCase, HITS } from "../capability-case.ts"
import type { CaseDefinition } from "../contract-case.ts"
import { MINUTE } from "../record-builder.ts"
import type { Trial } from "../trial.ts"
import { ODD_KEYS } from "./odd-texts.ts"

/** One use of the key `k` out of three a minute. The clock of a case starts at the start of a minute. */
export const aHit = (fields: Partial<Hit> = {}): Hit => ({
  ...{ key: "k", window: MINUTE, limit: 3, cost: 1 },
  ...fields,
})

const times = (count: number, hit: Hit): Hit[] => Array.from({ length: count }, () => hit)

/** Hits in one call, and which of them have to be allowed. */
export async function expectAllowed(
  t: Trial<HitCountingStore>,
  hits: readonly Hit[],
  expected: readonly boolean[],
): Promise<HitOutcome[]> {
  const outcomes = await t.store.hit(hits)
  assert.deepEqual(
    outcomes.map(({ allowed }) => allowed),
    expected,
  )
  return outcomes
}

export const hitCases: readonly CaseDefinition[] = [
  capabilityCase(HITS, "hits are allowed up to the limit; what is refused is not counted", async t => {
    const windowStart = t.now
    const outcome = (current: number, allowed: boolean) => ({ windowStart, current, previous: 0, allowed })
    t.clock.advance(MINUTE - 1)
    for (const current of [1, 2, 3]) assert.deepEqual(await t.store.hit([aHit()]), [outcome(current, true)])
    for (let round = 0; round < 3; round++) assert.deepEqual(await t.store.hit([aHit()]), [outcome(3, false)])
    assert.deepEqual(await t.store.hit([aHit({ limit: 4 })]), [outcome(4, true)])
  }),

  capabilityCase(HITS, "hit of no hits answers nothing", async t => {
    assert.deepEqual(await t.store.hit([]), [])
  }),

  capabilityCase(HITS, "a hit uses up its cost, all of it or nothing", async t => {
    const [used, refused, rest] = await expectAllowed(
      t,
      [aHit({ limit: 10, cost: 7 }), aHit({ limit: 10, cost: 4 }), aHit({ limit: 10, cost: 3 })],
      [true, false, true],
    )
    assert.deepEqual([used?.current, refused?.current, rest?.current], [7, 7, 10])
  }),

  capabilityCase(HITS, "hits of one call are judged in their order, each key by itself", async t => {
    const [a, b] = [(cost: number) => aHit({ key: "a", cost }), (cost: number) => aHit({ key: "b", cost })]
    const hits = [a(2), b(3), a(2), a(1), b(1), aHit(), a(1)]
    const outcomes = await expectAllowed(t, hits, [true, true, false, true, false, true, false])
    assert.deepEqual(
      outcomes.map(({ current }) => current),
      [2, 3, 2, 3, 3, 1, 3],
    )
  }),

  capabilityCase(HITS, "of 1,000 concurrent hits on a limit of 100 exactly 100 are allowed", async t => {
    const hit = aHit({ limit: 100 })
    const outcomes = (await Promise.all(times(1000, hit).map(each => t.store.hit([each])))).flat()
    const allowed = outcomes.filter(outcome => outcome.allowed).map(({ current }) => current)
    assert.deepEqual(
      allowed.sort((a, b) => a - b),
      Array.from({ length: 100 }, (_, index) => index + 1),
      "each has a count of its own",
    )
    assert.deepEqual(await t.store.hit([hit]), [
      { windowStart: t.now, current: 100, previous: 0, allowed: false },
    ])
  }),

  capabilityCase(HITS, "of 1,000 hits in one call on a limit of 100 the first 100 are allowed", async t => {
    const expected = times(1000, aHit()).map((_, index) => index < 100)
    await expectAllowed(t, times(1000, aHit({ limit: 100 })), expected)
  }),

  capabilityCase(
    HITS,
    "concurrent calls that hit several keys, in any order, count each exactly",
    async t => {
      const keys = Array.from({ length: 10 }, (_, index) => aHit({ key: `key ${index}`, limit: 30 }))
      const calls = Array.from({ length: 50 }, (_, call) => (call % 2 ? keys : keys.toReversed()))
      const outcomes = (await Promise.all(calls.map(hits => t.store.hit(hits)))).flat()
      assert.equal(outcomes.filter(({ allowed }) => allowed).length, 300)
      for (const outcome of await t.store.hit(keys)) {
        assert.deepEqual([outcome.current, outcome.allowed], [30, false])
      }
    },
  ),

  capabilityCase(HITS, "keys are opaque text: each has a count of its own", async t => {
    const keys = [...ODD_KEYS, `${"k".repeat(255)}l`]
    for (const [index, key] of keys.entries()) {
      const [outcome] = await t.store.hit([aHit({ key, limit: 1000, cost: index + 1 })])
      assert.equal(outcome?.current, index + 1, `the count of ${JSON.stringify(key)}`)
    }
    const outcomes = await t.store.hit(keys.map(key => aHit({ key, limit: 1000 })))
    assert.deepEqual(
      outcomes.map(({ current }) => current),
      keys.map((_, index) => index + 2),
    )
  }),

  capabilityCase(HITS, "each hit is judged by the limit that it names", async t => {
    const limits = [1, 3, 2, 3, 3, 5]
    const hits = limits.map(limit => aHit({ limit }))
    await expectAllowed(t, hits, [true, true, false, true, false, true])
  }),

  capabilityCase(HITS, "counts pass 32 bits", async t => {
    const [cost, limit] = [3_000_000_000, 10_000_000_000]
    const hits = times(4, aHit({ cost, limit }))
    const outcomes = await expectAllowed(t, hits, [true, true, true, false])
    assert.equal(outcomes[3]?.current, 3 * cost)
    t.clock.advance(MINUTE)
    const [next] = await expectAllowed(t, [aHit({ limit, cost: limit - 3 * cost })], [true])
    assert.equal(next?.previous, 3 * cost)
  }),
]
