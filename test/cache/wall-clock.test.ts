import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { NearCache } from "../../src/cache/near-cache.ts"
import { WallClock } from "../../src/cache/wall-clock.ts"
import { createSessions } from "../../src/index.ts"
import { changes, ManualClock, RecordBuilder } from "../../src/testing/index.ts"
import { FedStore } from "./fed-store.ts"

describe("the wall clock of a near cache", () => {
  it("has outrun the monotonic one when it went on by the bound while that stood still, and says so once", () => {
    const clock = new WallClock(1_000)
    assert.equal(clock.hasOutrun(50_000, 10), false)
    assert.equal(clock.hasOutrun(51_009, 20), false)
    assert.equal(clock.hasOutrun(51_010, 20), true)
    assert.equal(clock.hasOutrun(51_022, 21), false)
  })

  it("counts from where it was put back to", () => {
    const clock = new WallClock(1_000)
    clock.hasOutrun(50_000, 0)
    assert.equal(clock.hasOutrun(10_000, 100), false)
    assert.equal(clock.hasOutrun(11_100, 100), true)
  })

  it("G4: what was in memory before the machine slept is not believed afterwards", async () => {
    const clock = new ManualClock()
    const store = new FedStore(clock.now)
    const options = { maxSessions: 10, maxBytes: 1e6, maxStaleness: 1_000, maxAge: 60_000 }
    const cache = new NearCache(store, options, { now: clock.now, monotonic: () => 5 })
    const record = new RecordBuilder(clock).record()
    await store.apply([changes.create(record)])
    await cache.fill(record.id, 0, async () => (await cache.find([record.id]))[0])
    assert.equal(cache.recall(record.id, 0)?.id, record.id)
    clock.advance(600_000)
    assert.equal(cache.recall(record.id, 0), undefined)
  })
})

describe("options that are refused", () => {
  it("leave nobody listening to a store that was handed over", async () => {
    const store = new FedStore(Date.now)
    const wrong = { store, nearCache: {}, storeTimeout: "never" as "1s" }
    await assert.rejects(createSessions(wrong), { code: "ERR_SESSION_CONFIG" })
    assert.equal(store.feedClosed, true)
  })
})
