import assert from "node:assert/strict"
import { describe, it } from "node:test"
import fc from "fast-check"
import { applyHit, type Hit, type HitCount } from "../../../src/contract/index.ts"
import { allowanceOf } from "../../../src/http/rate-limit/allowance.ts"

const WINDOW = 60
const EPOCH = 1_000_000 * WINDOW

/** A key that has been hit at these moments, and the moment that is now. */
const history = fc.record({
  limit: fc.integer({ min: 1, max: 12 }),
  cost: fc.integer({ min: 1, max: 12 }),
  waits: fc.array(fc.integer({ min: 0, max: WINDOW }), { maxLength: 30 }),
  later: fc.integer({ min: 0, max: 3 * WINDOW }),
})

interface Played {
  readonly hit: Hit
  readonly count: HitCount
  readonly now: number
}

function played({
  limit,
  cost,
  waits,
  later,
}: typeof history extends fc.Arbitrary<infer G> ? G : never): Played {
  const hit: Hit = { key: "k", window: WINDOW, limit, cost: Math.min(cost, limit) }
  let now = EPOCH
  let count: HitCount = { windowStart: EPOCH, current: 0, previous: 0 }
  for (const wait of waits) {
    now += wait
    count = applyHit(count, { ...hit, cost: 1 }, now)
  }
  return { hit, count, now: now + later }
}

const passes = (count: HitCount, hit: Hit, now: number): boolean => applyHit(count, hit, now).allowed

/** How many hits of cost 1 the store lets through at one moment. */
function roomAt(start: HitCount, hit: Hit, now: number): number {
  let count = start
  for (let room = 0; ; room++) {
    const outcome = applyHit(count, { ...hit, cost: 1 }, now)
    if (!outcome.allowed) return room
    count = outcome
  }
}

describe("what a client is told of a limit is what the store will do", () => {
  it("remaining: so many hits pass at this moment, and no more", () => {
    fc.assert(
      fc.property(history, given => {
        const { hit, count, now } = played(given)
        assert.equal(allowanceOf(hit, count, now).remaining, roomAt(count, hit, now))
      }),
    )
  })

  it("retryAfter: the hit passes then, and at no moment before", () => {
    fc.assert(
      fc.property(history, given => {
        const { hit, count, now } = played(given)
        const { retryAfter } = allowanceOf(hit, count, now)
        assert.ok(passes(count, hit, now + retryAfter))
        for (let wait = 0; wait < retryAfter; wait++) assert.ok(!passes(count, hit, now + wait))
      }),
    )
  })

  it("resetAfter: all of the limit is there then, and at no moment before", () => {
    fc.assert(
      fc.property(history, given => {
        const { hit, count, now } = played(given)
        const { resetAfter } = allowanceOf(hit, count, now)
        assert.equal(roomAt(count, hit, now + resetAfter), hit.limit)
        for (let wait = 0; wait < resetAfter; wait++) assert.ok(roomAt(count, hit, now + wait) < hit.limit)
      }),
    )
  })

  it("holds when the store's clock is ahead of this one", () => {
    fc.assert(
      fc.property(history, fc.integer({ min: 1, max: 5 * WINDOW }), (given, ahead) => {
        const { hit, count, now } = played({ ...given, later: 0 })
        const behind = now - ahead
        const { remaining, retryAfter } = allowanceOf(hit, count, behind)
        assert.equal(remaining, roomAt(count, hit, behind))
        const { allowed, ...kept } = applyHit(count, hit, behind)
        assert.equal(allowed, retryAfter === 0)
        assert.ok(passes(allowed ? count : kept, hit, behind + retryAfter))
      }),
    )
  })

  it("no window of any position holds more than the limit and what the estimate may miss", () => {
    const hit: Hit = { key: "k", window: WINDOW, limit: 10, cost: 1 }
    let count: HitCount | undefined
    const passed: number[] = []
    for (let now = EPOCH; now < EPOCH + 4 * WINDOW; now++) {
      for (let each = 0; each < 5; each++) {
        const outcome = applyHit(count, hit, now)
        count = outcome
        if (outcome.allowed) passed.push(now)
      }
    }
    for (const start of passed) {
      const within = passed.filter(at => at >= start && at < start + WINDOW).length
      assert.ok(
        within < 2 * hit.limit,
        `${within} passed within a window, which a fixed one would have let through`,
      )
    }
  })
})
