import assert from "node:assert/strict"
import { describe, it } from "node:test"
import fc from "fast-check"
import { applyHit, type Hit, type HitCount, type HitOutcome } from "../../src/contract/index.ts"

const WINDOW = 60_000
/** The start of a window. */
const START = 1000 * WINDOW

const hit = (cost = 1, limit = 100): Hit => ({ key: "k", window: WINDOW, limit, cost })
const count = (current: number, previous = 0, windowStart = START): HitCount => ({
  ...{ windowStart, current, previous },
})

describe("applyHit", () => {
  it("begins with nothing used, in the clock's window", () => {
    const outcome = applyHit(undefined, hit(7), START + 12_345)
    assert.deepEqual(outcome, { ...count(7), allowed: true })
  })

  it("allows up to the limit, and does not count what it refuses", () => {
    assert.deepEqual(applyHit(count(98), hit(2), START), { ...count(100), allowed: true })
    assert.deepEqual(applyHit(count(99), hit(2), START), { ...count(99), allowed: false })
    assert.deepEqual(applyHit(count(99), hit(1), START), { ...count(100), allowed: true })
  })

  it("makes the window before count for the part that a sliding one still covers", () => {
    const moved = (current: number, allowed: boolean) => ({ ...count(current, 80, START + WINDOW), allowed })
    assert.deepEqual(applyHit(count(80), hit(20), START + WINDOW), moved(20, true))
    assert.deepEqual(applyHit(count(80), hit(21), START + WINDOW), moved(0, false))
    assert.deepEqual(applyHit(count(80), hit(80), START + WINDOW + 45_000), moved(80, true))
    assert.deepEqual(applyHit(count(80), hit(81), START + WINDOW + 45_000), moved(0, false))
  })

  it("forgets what is two windows old", () => {
    const later = START + 2 * WINDOW
    assert.deepEqual(applyHit(count(100, 100), hit(), later), { ...count(1, 0, later), allowed: true })
    assert.equal(applyHit(count(100, 100), hit(100), later - 1).allowed, false)
    assert.equal(applyHit(count(100, 100), hit(100), later).allowed, true)
  })

  it("judges a window that another clock has begun from its start", () => {
    const ahead = count(10, 80, START + WINDOW)
    assert.deepEqual(applyHit(ahead, hit(10), START), { ...count(20, 80, START + WINDOW), allowed: true })
    assert.deepEqual(applyHit(ahead, hit(11), START), { ...ahead, allowed: false })
  })

  it("keeps what another clock has counted up to one window ahead", () => {
    const ahead = count(100, 80, START + WINDOW)
    assert.deepEqual(applyHit(ahead, hit(), START + 30_000), { ...ahead, allowed: false })
  })

  it("takes what was counted further ahead for the window before the present one", () => {
    const ahead = count(60, 80, START + 2 * WINDOW)
    const moved = (current: number, allowed: boolean) => ({ ...count(current, 60), allowed })
    assert.deepEqual(applyHit(ahead, hit(40), START), moved(40, true))
    assert.deepEqual(applyHit(ahead, hit(41), START), moved(0, false))
    assert.deepEqual(applyHit(ahead, hit(70), START + 30_000), moved(70, true))
    assert.deepEqual(applyHit(ahead, hit(71), START + 30_000), moved(0, false))
  })

  it("takes the window before for evenly used: bursts at both ends of a sliding window pass, nearly twice the limit", () => {
    const spent = applyHit(undefined, hit(100), START + WINDOW - 1)
    assert.equal(applyHit(spent, hit(99), START + 2 * WINDOW - 2).allowed, true)
    assert.equal(applyHit(spent, hit(100), START + 2 * WINDOW - 2).allowed, false)
  })
})

interface Step {
  readonly after: number
  readonly cost: number
}

interface Used {
  readonly at: number
  readonly cost: number
  readonly outcome: HitOutcome
}

const limits = fc.record({ window: fc.integer({ min: 2, max: 500 }), limit: fc.integer({ min: 1, max: 50 }) })
type Limits = Pick<Hit, "window" | "limit">

const stepsOf = (least: number) =>
  fc.array(
    fc.record({ after: fc.integer({ min: least, max: 400 }), cost: fc.integer({ min: 1, max: 50 }) }),
    {
      ...{ minLength: 1, maxLength: 60, size: "max" as const },
    },
  )

/** What is allowed when the hits come one after the other, by a clock that steps back by a window at most; no hit costs more than the limit. */
function run({ window, limit }: Limits, steps: readonly Step[]): Used[] {
  const used: Used[] = []
  let stored: HitCount | undefined
  let now = 1000 * window
  let latest = now
  for (const step of steps) {
    now = Math.max(now + step.after, latest - window)
    latest = Math.max(latest, now)
    const cost = Math.min(step.cost, limit)
    const outcome = applyHit(stored, { key: "k", window, limit, cost }, now)
    used.push({ at: now, cost: outcome.allowed ? cost : 0, outcome })
    stored = outcome
  }
  return used
}

const sum = (used: readonly Used[]): number => used.reduce((total, { cost }) => total + cost, 0)

/** The most that any one sliding window has seen. It begins with a hit. */
const mostSliding = (used: readonly Used[], window: number): number =>
  Math.max(0, ...used.map(({ at: from }) => sum(used.filter(({ at }) => at >= from && at < from + window))))

describe("applyHit, whatever comes", () => {
  it("never allows more than the limit within one window of the clock, even of a clock that steps back by up to a window", () => {
    fc.assert(
      fc.property(limits, stepsOf(-400), (of, steps) => {
        const perWindow = Map.groupBy(run(of, steps), ({ outcome }) => outcome.windowStart)
        for (const used of perWindow.values()) assert.ok(sum(used) <= of.limit)
      }),
    )
  })

  it("never allows more than twice the limit within any one sliding window", () => {
    fc.assert(
      fc.property(limits, stepsOf(0), (of, steps) => {
        assert.ok(mostSliding(run(of, steps), of.window) <= 2 * of.limit)
      }),
    )
  })

  it("never allows more than the limit and one hit within a sliding window, when hits come at a constant rate", () => {
    const rates = fc.record({ gap: fc.integer({ min: 1, max: 200 }), cost: fc.integer({ min: 1, max: 50 }) })
    fc.assert(
      fc.property(limits, rates, (of, { gap, cost }) => {
        const steps = Array.from({ length: Math.ceil((5 * of.window) / gap) }, (_, index) => ({
          ...{ after: index === 0 ? 0 : gap, cost },
        }))
        const used = run(of, steps)
        assert.ok(sum(used) > 0)
        assert.ok(mostSliding(used, of.window) <= of.limit + Math.min(cost, of.limit))
      }),
    )
  })

  it("frees nothing for a clock that steps back by up to a window", () => {
    fc.assert(
      fc.property(
        limits,
        stepsOf(0),
        fc.nat(500),
        fc.integer({ min: 1, max: 50 }),
        (of, steps, further, cost) => {
          const last = run(of, steps).at(-1)
          assert.ok(last)
          const back = Math.min(further, of.window)
          const next = { key: "k", ...of, cost: Math.min(cost, of.limit) }
          const [behind, onTime] = [last.at - back, last.at].map(now => applyHit(last.outcome, next, now))
          assert.ok(behind && onTime)
          if (behind.allowed) assert.ok(onTime.allowed, "what is allowed behind the time is allowed on time")
          const { windowStart, current, previous } = last.outcome
          assert.deepEqual([behind.windowStart, behind.previous], [windowStart, previous])
          assert.equal(behind.current, current + (behind.allowed ? next.cost : 0))
        },
      ),
    )
  })

  it("lets a count far ahead slide out within one window of the present, and frees none of it at once", () => {
    const counted = fc.record({ ahead: fc.integer({ min: 2, max: 1000 }), previous: fc.nat(50) })
    fc.assert(
      fc.property(limits, counted, fc.nat(499), (of, { ahead, previous }, within) => {
        const { window, limit } = of
        const [start, one] = [1000 * window, { key: "k", ...of, cost: 1 }]
        const usedUp = { windowStart: start + ahead * window, current: limit, previous }
        assert.equal(applyHit(usedUp, one, start).allowed, false, "none is freed at once")
        const first = applyHit(usedUp, one, start + (within % window))
        assert.equal(first.windowStart, start)
        const rest = limit - first.current
        if (rest === 0) return
        const later = applyHit(first, { ...one, cost: rest }, start + window)
        const expected = {
          windowStart: start + window,
          current: rest,
          previous: first.current,
          allowed: true,
        }
        assert.deepEqual(later, expected, "what was counted ahead holds nothing back any more")
      }),
    )
  })
})
