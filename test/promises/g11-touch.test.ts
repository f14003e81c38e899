import assert from "node:assert/strict"
import { describe, it } from "node:test"
import fc from "fast-check"
import { begin, logIn, opens, touchesStored, trial } from "./trial.ts"

const SECOND = 1_000
const MINUTE = 60 * SECOND
const IDLE = 10 * MINUTE
const ABSOLUTE = 60 * MINUTE
const INTERVAL = 30 * SECOND

describe("gathering last-seen times", () => {
  it("G11: gathering uses never shortens a life, nor lengthens it beyond the absolute end", async t => {
    const { clock, manager: make } = await trial(t)
    const manager = make({ idleTimeout: IDLE, absoluteTimeout: ABSOLUTE, touchInterval: INTERVAL })

    /** Lets time pass as it does for the manager: what is gathered is stored at every interval. */
    const pass = async (duration: number): Promise<void> => {
      for (let left = duration; left > 0; left -= INTERVAL) {
        clock.advance(Math.min(left, INTERVAL))
        if (left >= INTERVAL) await touchesStored(manager)
      }
    }
    const pauses = fc.array(fc.integer({ min: 1, max: IDLE - 1 }), { minLength: 1, maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(pauses, async steps => {
        const token = await begin(manager)
        const begun = clock.now()
        for (const step of steps) {
          await pass(step)
          assert.equal(await opens(manager, token), clock.now() < begun + ABSOLUTE)
          await new Promise(resolve => setImmediate(resolve))
        }
        await pass(Math.min(IDLE, Math.max(1, begun + ABSOLUTE - clock.now())))
        assert.equal(await opens(manager, token), false)
      }),
      { numRuns: 60 },
    )
  })

  it("G11: last-seen times only grow, whichever of two nodes stores its own last", async t => {
    const { clock, manager: make } = await trial(t)
    const [one, two] = [make(), make()]
    const token = await logIn(one, "anna")
    clock.advance(MINUTE)
    await one.open(token)
    clock.advance(MINUTE)
    await two.open(token)
    const seenLast = clock.now()
    await touchesStored(two)
    await touchesStored(one)
    const info = await one.find(token.slice(0, 22))
    assert.equal(info?.lastSeenAt, seenLast)
  })

  it("G11: a use close to the idle end does not wait for the next batch", async t => {
    const { clock, tapped, tappedManager } = await trial(t)
    const manager = tappedManager({ idleTimeout: IDLE, touchInterval: INTERVAL })
    const token = await begin(manager)
    clock.advance(IDLE - 2 * INTERVAL - 1)
    await manager.open(token)
    assert.equal(tapped.changes.filter(({ kind }) => kind === "touch").length, 0)
    clock.advance(1)
    await manager.open(token)
    assert.equal(tapped.changes.filter(({ kind }) => kind === "touch").length, 1)
  })
})
