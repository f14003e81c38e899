import assert from "node:assert/strict"
import { describe, it } from "node:test"
import fc from "fast-check"
import { applyHit, type Hit, type HitCount, isSessionError } from "../../src/contract/index.ts"
import { HitCounts } from "../../src/stores/hit-counts.ts"

const MINUTE = 60_000
const START = 1_000_000 * MINUTE

const aHit = (key: string, fields: Partial<Hit> = {}): Hit => ({
  ...{ key, window: MINUTE, limit: 3, cost: 1 },
  ...fields,
})
const isFull = (error: unknown): boolean => isSessionError(error, "ERR_SESSION_STORE_FULL")

describe("rate-limit counters in memory", () => {
  it("G10: refuse a new key when they are full, count nothing of that call, and go on with known keys", () => {
    const counts = new HitCounts(2)
    counts.hit([aHit("a"), aHit("b")], START)
    assert.throws(() => counts.hit([aHit("a"), aHit("c")], START), isFull)
    assert.throws(() => counts.hit([aHit("c"), aHit("c")], START + 2 * MINUTE - 1), isFull)
    const outcomes = counts.hit([aHit("a"), aHit("b")], START)
    assert.deepEqual(
      outcomes.map(({ current }) => current),
      [2, 2],
    )
  })

  it("drop what has ended when they are full, and only as much as is needed", () => {
    const counts = new HitCounts(3)
    counts.hit([aHit("a"), aHit("b"), aHit("long", { window: 10 * MINUTE })], START)
    const later = START + 2 * MINUTE
    assert.equal(counts.hit([aHit("c")], later)[0]?.current, 1)
    assert.equal(counts.hit([aHit("long", { window: 10 * MINUTE })], later)[0]?.current, 2)
    assert.equal(counts.size, 3)
    assert.throws(() => counts.hit([aHit("d"), aHit("e")], later), isFull)
    assert.equal(counts.hit([aHit("d")], later)[0]?.current, 1)
    assert.throws(() => counts.hit([aHit("e")], later), isFull)
  })

  it("make room for the keys of one call together, those that have ended among them", () => {
    const counts = new HitCounts(3)
    counts.hit([aHit("a"), aHit("b"), aHit("c")], START)
    const later = START + 2 * MINUTE
    assert.equal(counts.hit([aHit("a"), aHit("d"), aHit("e")], later).length, 3)
    assert.equal(counts.size, 3)
    assert.throws(() => counts.hit([aHit("f")], later), isFull)
  })

  it("drop by a sweep all that has ended, and nothing else", async () => {
    const counts = new HitCounts(10_000)
    const hits = Array.from({ length: 5000 }, (_, index) => aHit(`key ${index}`))
    counts.hit(hits, START)
    counts.hit([aHit("key 0"), aHit("late")], START + MINUTE)
    await counts.sweep(START + 2 * MINUTE - 1)
    assert.equal(counts.size, 5001)
    await counts.sweep(START + 2 * MINUTE)
    assert.equal(counts.size, 2)
    await counts.sweep(START + 3 * MINUTE)
    assert.equal(counts.size, 0)
  })

  it("let the event loop turn during a long sweep", async () => {
    const counts = new HitCounts(10_000)
    const hits = Array.from({ length: 10_000 }, (_, index) => aHit(`key ${index}`))
    counts.hit(hits, START)
    let turned = false
    setImmediate(() => {
      turned = counts.size > 0
    })
    await counts.sweep(START + 2 * MINUTE)
    assert.ok(turned, "another task ran before all was dropped")
    assert.equal(counts.size, 0)
  })

  it("keep a count that its key's new window reaches, whatever the old one was", async () => {
    const counts = new HitCounts(10)
    counts.hit([aHit("a")], START)
    counts.hit([aHit("a", { window: 10 * MINUTE })], START)
    await counts.sweep(START + 2 * MINUTE)
    assert.equal(counts.size, 1)
  })

  it("hand out counts that nobody can change in them", () => {
    const counts = new HitCounts(10)
    const [outcome] = counts.hit([aHit("a")], START)
    Object.assign(outcome ?? {}, { current: 0 })
    assert.equal(counts.hit([aHit("a")], START)[0]?.current, 2)
  })

  it("never hold more than their limit, and agree with a plain map as long as nothing is refused", () => {
    const step = fc.record({ key: fc.nat(12), after: fc.nat(40_000), keys: fc.integer({ min: 1, max: 3 }) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), steps => {
        const [counts, model] = [new HitCounts(8), new Map<string, HitCount>()]
        let now = START
        for (const { key, after, keys } of steps) {
          now += after
          const hits = Array.from({ length: keys }, (_, index) => aHit(`${key + index}`))
          const outcomes = attempt(() => counts.hit(hits, now))
          assert.ok(counts.size <= 8)
          if (!outcomes) continue
          const expected = hits.map(hit => {
            const outcome = applyHit(model.get(hit.key), hit, now)
            model.set(hit.key, outcome)
            return outcome
          })
          assert.deepEqual(outcomes, expected)
        }
      }),
    )
  })
})

/** `undefined` when the counters are full. */
function attempt<Result>(call: () => Result): Result | undefined {
  try {
    return call()
  } catch (error) {
    assert.ok(isFull(error), String(error))
    return undefined
  }
}
