import assert from "node:assert/strict"
import { beforeEach, describe, it } from "node:test"
import { withNearCache } from "../../src/cache/with-near-cache.ts"
import type { CachingStore, SessionRecord } from "../../src/contract/index.ts"
import { changes, ManualClock, RecordBuilder } from "../../src/testing/index.ts"
import { FedStore } from "./fed-store.ts"

const BOUND = 1_000

/** A promise that the test settles. */
function gate(): { readonly passed: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined
  const passed = new Promise<void>(resolve => {
    open = () => resolve()
  })
  return { passed, open }
}

describe("a near cache whose store answers later than others tell", () => {
  let clock: ManualClock
  let store: FedStore
  let cache: CachingStore
  let records: RecordBuilder

  beforeEach(() => {
    clock = new ManualClock()
    store = new FedStore(clock.now)
    cache = withNearCache(
      store,
      { maxSessions: 10, maxBytes: 100_000, maxStaleness: BOUND, maxAge: 60_000 },
      { now: clock.now, monotonic: clock.now },
    )
    records = new RecordBuilder(clock)
    store.feed.connected()
    store.feed.heartbeat(clock.now())
  })

  const load = async (id: string): Promise<SessionRecord | undefined> => (await cache.find([id]))[0]
  const fill = (id: string) => cache.fill(id, 0, () => load(id))

  function pass(milliseconds: number): void {
    clock.advance(milliseconds)
    store.feed.heartbeat(clock.now())
  }

  /** The store has made the change, and its answer is on the way until the gate opens. */
  async function createdSlowly(record: SessionRecord, answer: Promise<void>): Promise<unknown> {
    const apply = store.apply.bind(store)
    store.apply = async (given, signal) => {
      const outcomes = await apply(given, signal)
      await answer
      return outcomes
    }
    const creation = cache.apply([changes.create(record)])
    store.apply = apply
    await new Promise(setImmediate)
    return creation
  }

  it("G4: a read slower than B that another one has replaced brings nothing back after a revocation", async () => {
    const record = records.record()
    await store.apply([changes.create(record)])
    const slow = gate()
    store.afterRead = () => slow.passed
    const first = fill(record.id)
    await new Promise(setImmediate)
    pass(BOUND)
    const second = fill(record.id)
    await new Promise(setImmediate)
    await store.apply([changes.revoke(record)])
    store.feed.notice({ kind: "revoked", id: record.id })
    slow.open()
    await Promise.all([first, second])
    assert.equal(cache.recall(record.id, 0), undefined)
  })

  it("G4: a session that another node ended before its creation was answered is not remembered", async () => {
    for (const wait of [0, 5 * BOUND]) {
      const record = records.record()
      const answer = gate()
      const creation = createdSlowly(record, answer.passed)
      await new Promise(setImmediate)
      await store.apply([changes.revoke(record)])
      store.feed.notice({ kind: "revoked", id: record.id })
      pass(wait)
      answer.open()
      await creation
      assert.equal(cache.recall(record.id, 0), undefined, `answered ${wait} ms after its end`)
      assert.equal(await fill(record.id), undefined)
    }
  })

  it("a session that another node changed before its creation was answered is read anew", async () => {
    const record = records.record()
    const answer = gate()
    const creation = createdSlowly(record, answer.passed)
    await new Promise(setImmediate)
    await store.apply([changes.patch(record)])
    store.feed.notice({ kind: "changed", id: record.id, version: 2 })
    answer.open()
    await creation
    assert.equal(cache.recall(record.id, 0), undefined)
    assert.equal((await fill(record.id))?.version, 2)
  })
})
