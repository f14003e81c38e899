import assert from "node:assert/strict"
import { describe, it } from "node:test"
import type { Change, Outcome, SessionRecord, Touch } from "../../src/contract/index.ts"
import { EventHub } from "../../src/core/events.ts"
import { Toucher } from "../../src/core/toucher.ts"
import { ManualClock, RecordBuilder } from "../../src/testing/index.ts"

const INTERVAL = 1_000_000

/** Takes touches, or fails, as the test wants. */
class Taker {
  readonly taken: Touch[] = []
  fails = false

  async apply(change: Change): Promise<Outcome> {
    if (this.fails) throw new Error("connection refused")
    if (change.kind === "touch") this.taken.push(change)
    return { kind: "applied", version: 1 }
  }
}

function toucherOf() {
  const clock = new ManualClock()
  const taker = new Taker()
  const events = new EventHub()
  const failures: unknown[] = []
  events.on("storeError", ({ error }) => failures.push(error))
  const records = new RecordBuilder(clock)
  const ample = { idleTimeout: 10 * INTERVAL, expiresAt: clock.now() + 10 * INTERVAL }
  const build = (): SessionRecord =>
    records.record({ ...ample, absoluteExpiresAt: clock.now() + 100 * INTERVAL })
  return { clock, taker, failures, build, toucher: new Toucher(taker, events, INTERVAL) }
}

describe("the toucher", () => {
  it("gathers the uses of a session into its last one", async () => {
    const { clock, taker, build, toucher } = toucherOf()
    const record = build()
    for (const at of [1, 2, 3]) toucher.note(record, clock.now() + at, false)
    await toucher.flush()
    assert.deepEqual(
      taker.taken.map(({ seen }) => seen.at),
      [clock.now() + 3],
    )
    await toucher.flush()
    assert.equal(taker.taken.length, 1)
    await toucher.close()
  })

  it("sends at once that a new secret was seen", async () => {
    const { clock, taker, build, toucher } = toucherOf()
    const record = build()
    toucher.note(record, clock.now(), true)
    assert.deepEqual(
      taker.taken.map(({ confirm }) => confirm),
      [record.generation],
    )
  })

  it("G10: gathers 50,000 uses at most; more are sent, and when the store fails, what is too much is given up", async () => {
    const { clock, taker, failures, build, toucher } = toucherOf()
    taker.fails = true
    const records = Array.from({ length: 50_100 }, build)
    for (const record of records) toucher.note(record, clock.now(), false)
    await toucher.flush()
    assert.ok(failures.length > 0)
    taker.fails = false
    await toucher.flush()
    assert.equal(taker.taken.length, 50_000)
    await toucher.close()
  })

  it("keeps what a failing store did not take, unless a newer use is there", async () => {
    const { clock, taker, failures, build, toucher } = toucherOf()
    const record = build()
    toucher.note(record, clock.now(), false)
    taker.fails = true
    const flushing = toucher.flush()
    toucher.note(record, clock.now() + 5, false)
    await flushing
    taker.fails = false
    await toucher.close()
    assert.deepEqual(
      taker.taken.map(({ seen }) => seen.at),
      [clock.now() + 5],
    )
    assert.equal(failures.length, 1)
  })

  it("leaves nothing behind after close(), not even a timer", async () => {
    const { clock, taker, build, toucher } = toucherOf()
    toucher.note(build(), clock.now(), false)
    taker.fails = true
    await toucher.close()
    toucher.note(build(), clock.now(), false)
    const timers = process.getActiveResourcesInfo().filter(name => name === "Timeout")
    assert.deepEqual(timers, [])
  })

  it("forgets a use when a change has told it, or the session has ended; and keeps a newer one", async () => {
    const { clock, taker, build, toucher } = toucherOf()
    const [touched, ended, newer, refused] = [build(), build(), build(), build()]
    for (const record of [touched, ended, newer, refused]) toucher.note(record, clock.now() + 5, false)
    const patch = ({ id }: SessionRecord, at: number) =>
      ({ kind: "patch", id, epoch: 1, set: new Map(), unset: [], seen: { at, expiresAt: at + 1 } }) as const
    const applied = { kind: "applied", version: 2 } as const
    toucher.settle(patch(touched, clock.now() + 5), applied)
    toucher.settle({ kind: "revoke", id: ended.id }, applied)
    toucher.settle(patch(newer, clock.now() + 4), applied)
    toucher.settle(patch(refused, clock.now() + 9), { kind: "conflict" })
    await toucher.close()
    assert.deepEqual(
      taker.taken.map(({ id }) => id),
      [newer.id, refused.id],
    )
  })
})
