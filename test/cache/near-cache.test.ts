import assert from "node:assert/strict"
import { beforeEach, describe, it } from "node:test"
import { withNearCache } from "../../src/cache/with-near-cache.ts"
import type { CachingStore, MeasuredStore, SessionRecord } from "../../src/contract/index.ts"
import { changes, dataOf, ManualClock, RecordBuilder } from "../../src/testing/index.ts"
import { FedStore } from "./fed-store.ts"

const BOUND = 1_000
const MAX_AGE = 60_000

describe("near cache", () => {
  let clock: ManualClock
  let store: FedStore
  let cache: CachingStore & MeasuredStore
  let records: RecordBuilder

  beforeEach(() => {
    clock = new ManualClock()
    store = new FedStore(clock.now)
    cache = withNearCache(
      store,
      { maxSessions: 3, maxBytes: 100_000, maxStaleness: BOUND, maxAge: MAX_AGE },
      { now: clock.now, monotonic: clock.now },
    )
    records = new RecordBuilder(clock)
    store.feed.connected()
    store.feed.heartbeat(clock.now())
  })

  /** Stored by another node. */
  async function stored(fields: Partial<SessionRecord> = {}): Promise<SessionRecord> {
    const record = records.record(fields)
    await store.apply([changes.create(record)])
    return record
  }

  const load = async (id: string): Promise<SessionRecord | undefined> => (await cache.find([id]))[0]
  const fill = (id: string, version = 0) => cache.fill(id, version, () => load(id))
  const beat = () => store.feed.heartbeat(clock.now())
  const counted = (name: string): number => cache.counters()["nearCache"]?.[name] ?? Number.NaN

  it("answers from memory what was read once, without asking the store again", async () => {
    const { id } = await stored()
    assert.equal(cache.recall(id, 0), undefined)
    const record = await fill(id)
    assert.equal(cache.recall(id, 0), record)
    assert.deepEqual(store.reads, [[id]])
    assert.deepEqual([counted("hits"), counted("misses"), counted("fills")], [1, 1, 1])
  })

  it("one read serves a hundred requests that miss at the same time", async () => {
    const { id } = await stored()
    const answers = await Promise.all(Array.from({ length: 100 }, () => fill(id)))
    assert.equal(new Set(answers).size, 1)
    assert.equal(answers[0]?.id, id)
    assert.equal(store.reads.length, 1)
    assert.equal(counted("sharedFills"), 99)
  })

  it("two reads serve a hundred requests at the same time that cannot say which version they have seen", async () => {
    const { id } = await stored()
    const answers = await Promise.all(Array.from({ length: 100 }, () => fill(id, Number.MAX_SAFE_INTEGER)))
    assert.ok(answers.every(answer => answer?.id === id))
    assert.equal(store.reads.length, 2)
  })

  it("a read that failed is told to all who waited, and the next request asks again", async () => {
    const { id } = await stored()
    store.beforeRead = () => Promise.reject(new Error("down"))
    const answers = await Promise.allSettled([fill(id), fill(id)])
    assert.deepEqual(
      answers.map(({ status }) => status),
      ["rejected", "rejected"],
    )
    store.beforeRead = () => undefined
    assert.equal((await fill(id))?.id, id)
  })

  it("an unknown id is remembered as unknown, but no longer than B", async () => {
    const id = records.id()
    assert.equal(await fill(id), undefined)
    assert.equal(await fill(id), undefined)
    assert.equal(store.reads.length, 1)
    clock.advance(BOUND)
    assert.equal(await fill(id), undefined)
    assert.equal(store.reads.length, 2)
  })

  it("G5: who has seen a newer version is not given an older one", async () => {
    const { id } = await stored()
    await fill(id)
    await store.apply([changes.patch({ id, epoch: 0 }, { set: dataOf(["a", "1"]) })])
    assert.equal(cache.recall(id, 2), undefined)
    assert.equal((await fill(id, 2))?.version, 2)
    assert.equal(cache.recall(id, 2)?.version, 2)
  })

  it("G5: who joins a read that began before the version it has seen reads again", async () => {
    const { id } = await stored()
    let release = (): void => undefined
    store.afterRead = () =>
      new Promise(resolve => {
        release = () => resolve()
      })
    const early = fill(id)
    await new Promise(setImmediate)
    store.afterRead = () => undefined
    await store.apply([changes.patch({ id, epoch: 0 }, { set: dataOf(["a", "1"]) })])
    const late = fill(id, 2)
    release()
    assert.equal((await late)?.version, 2)
    await early
    assert.equal(cache.recall(id, 2)?.version, 2)
  })

  it("G4: without the feed an entry is good for B after the moment before its read, and no longer", async () => {
    const { id } = await stored()
    store.feed.disconnected()
    store.afterRead = () => clock.advance(400)
    await fill(id)
    clock.advance(BOUND - 401)
    assert.equal(cache.recall(id, 0)?.id, id)
    clock.advance(1)
    assert.equal(cache.recall(id, 0), undefined)
    assert.equal(counted("staleRefusals"), 1)
  })

  it("G4: heartbeats keep an entry good, counted from when they were sent", async () => {
    const { id } = await stored()
    await fill(id)
    for (let beats = 0; beats < 10; beats++) {
      clock.advance(BOUND / 2)
      beat()
    }
    clock.advance(BOUND - 1)
    assert.equal(cache.recall(id, 0)?.id, id)
    clock.advance(1)
    assert.equal(cache.recall(id, 0), undefined)
    store.feed.heartbeat(clock.now() - BOUND)
    assert.equal(cache.recall(id, 0), undefined, "a heartbeat that took B to come back proves nothing")
  })

  it("G12: after the connection broke, what the last heartbeat proved stays good until B", async () => {
    const { id } = await stored()
    await fill(id)
    clock.advance(5 * BOUND)
    beat()
    store.feed.disconnected()
    clock.advance(BOUND - 1)
    assert.equal(cache.recall(id, 0)?.id, id)
    clock.advance(1)
    assert.equal(cache.recall(id, 0), undefined)
    assert.equal(counted("leaseLosses"), 1)
  })

  it("a new connection discards everything that was read before it", async () => {
    const { id } = await stored()
    await fill(id)
    store.feed.disconnected()
    store.feed.connected()
    beat()
    assert.equal(cache.recall(id, 0), undefined)
  })

  it("what was being read when the connection changed is not kept", async () => {
    const { id } = await stored()
    store.afterRead = () => {
      store.feed.disconnected()
      store.feed.connected()
    }
    assert.equal((await fill(id))?.id, id)
    assert.equal(cache.recall(id, 0), undefined)
  })

  it("an entry is read anew after maxAge, however good the feed is", async () => {
    const { id } = await stored()
    await fill(id)
    for (let age = 0; age < MAX_AGE; age += BOUND / 2) {
      assert.equal(cache.recall(id, 0)?.id, id)
      clock.advance(BOUND / 2)
      beat()
    }
    assert.equal(cache.recall(id, 0), undefined)
  })

  it("G4: a notice of revocation ends the entry and a read under way, and the id is known as gone", async () => {
    const { id } = await stored()
    store.afterRead = () => store.feed.notice({ kind: "revoked", id })
    assert.equal(await fill(id), undefined, "the read began before the revocation")
    assert.equal(cache.recall(id, 0), undefined)
  })

  it("G4: a notice that overtakes the answer of a read makes it read again", async () => {
    const { id } = await stored()
    let reads = 0
    store.afterRead = async () => {
      if (++reads > 1) return
      await store.apply([changes.patch({ id, epoch: 0 }, { set: dataOf(["a", "1"]) })])
      store.feed.notice({ kind: "changed", id, version: 2 })
    }
    assert.equal((await fill(id))?.version, 2)
    assert.equal(counted("outdatedFills"), 1)
  })

  it("news that never ends is answered from the store, and not kept", async () => {
    const { id } = await stored()
    store.afterRead = () => store.feed.notice({ kind: "changed", id, version: 1_000_000 })
    assert.equal((await fill(id))?.version, 1)
    assert.equal(cache.recall(id, 0), undefined)
  })

  it("a notice of a version that is held already changes nothing: this node's own changes come back", async () => {
    const { id } = await stored()
    await fill(id)
    store.feed.notice({ kind: "changed", id, version: 1 })
    assert.equal(cache.recall(id, 0)?.id, id)
    store.feed.notice({ kind: "changed", id, version: 2 })
    assert.equal(cache.recall(id, 0), undefined)
  })

  it("G4: revoking a user, or everybody, ends entries and reads under way without a search", async () => {
    const ada = await stored({ login: records.login("ada") })
    const bob = await stored({ login: records.login("bob") })
    await Promise.all([fill(ada.id), fill(bob.id)])
    store.feed.notice({ kind: "userRevoked", userId: "ada" })
    assert.equal(cache.recall(ada.id, 0), undefined)
    assert.equal(cache.recall(bob.id, 0)?.id, bob.id)
    store.feed.notice({ kind: "allRevoked" })
    assert.equal(cache.recall(bob.id, 0), undefined)
    assert.equal((await fill(bob.id))?.id, bob.id, "a later login, or another node's clock")
    assert.equal(cache.recall(bob.id, 0)?.id, bob.id)
  })

  it("remembers a bounded number of users, and forgets everything rather than a revocation", async () => {
    const ada = await stored({ login: records.login("ada") })
    const { id } = await stored({ login: records.login("last") })
    await Promise.all([fill(ada.id), fill(id)])
    for (let user = 0; user < 10_001; user++) store.feed.notice({ kind: "userRevoked", userId: `u${user}` })
    assert.equal(cache.recall(ada.id, 0), undefined)
    assert.equal(cache.recall(id, 0), undefined)
  })

  it("follows this node's own changes without a read", async () => {
    const record = records.record()
    await cache.apply([changes.create(record)])
    await cache.apply([changes.patch(record, { set: dataOf(["cart", "3"]) })])
    await cache.apply([changes.touch(record, { at: clock.now() + 5, expiresAt: record.expiresAt + 5 })])
    const held = cache.recall(record.id, 2)
    assert.deepEqual(held, store.findNow(record.id))
    assert.equal(store.reads.length, 0)
  })

  it("forgets an entry when somebody else's change came between", async () => {
    const { id } = await stored()
    await fill(id)
    await store.apply([changes.patch({ id, epoch: 0 }, { set: dataOf(["a", "other"]) })])
    await cache.apply([changes.patch({ id, epoch: 0 }, { set: dataOf(["b", "own"]) })])
    assert.equal(cache.recall(id, 0), undefined)
  })

  it("forgets an entry when the outcome of a change is unknown, or it was refused", async () => {
    const { id } = await stored()
    await fill(id)
    await cache.apply([changes.patch({ id, epoch: 7 })])
    assert.equal(cache.recall(id, 0), undefined)
    await fill(id)
    store.apply = () => Promise.reject(new Error("who knows"))
    await assert.rejects(cache.apply([changes.patch({ id, epoch: 0 })]), /who knows/)
    assert.equal(cache.recall(id, 0), undefined)
  })

  it("G4: the revoking node serves the session no more at once", async () => {
    const { id } = await stored({ login: records.login("ada") })
    await fill(id)
    await cache.apply([changes.revoke({ id })])
    assert.equal(cache.recall(id, 0), undefined)
    assert.equal(await fill(id), undefined)
  })

  it("is bounded by count: what was not used for longest leaves first", async () => {
    const [first, second, third, fourth] = await Promise.all([stored(), stored(), stored(), stored()])
    for (const { id } of [first, second, third]) await fill(id)
    cache.recall(first.id, 0)
    await fill(fourth.id)
    assert.deepEqual(
      [first, second, third, fourth].map(({ id }) => cache.recall(id, 0) !== undefined),
      [true, false, true, true],
    )
    assert.deepEqual([counted("sessions"), counted("evictions")], [3, 1])
  })

  it("is bounded by count when all were used, too: then the first leaves, and never the one that comes", async () => {
    const [first, second, third, ...more] = await Promise.all(Array.from({ length: 6 }, () => stored()))
    for (const each of [first, second, third]) await fill(each?.id ?? "")
    for (const each of more) {
      for (const { id } of [first, second, third, ...more].filter(held => held !== undefined))
        cache.recall(id, 0)
      await fill(each.id)
      assert.notEqual(cache.recall(each.id, 0), undefined)
      assert.equal(counted("sessions"), 3)
    }
    assert.equal(cache.recall(first?.id ?? "", 0), undefined)
    assert.equal(counted("evictions"), 3)
  })

  it("is bounded by bytes, and does not keep what alone is too large", async () => {
    const large = await stored({ data: dataOf(["a", "x".repeat(40_000)]) })
    const small = await stored()
    const huge = await stored({ data: dataOf(["a", "x".repeat(60_000)]) })
    for (const { id } of [small, large]) await fill(id)
    const bytes = counted("bytes")
    assert.ok(bytes > 80_000 && bytes < 90_000, `${bytes}`)
    await fill(huge.id)
    assert.deepEqual(
      [small, large, huge].map(({ id }) => cache.recall(id, 0) !== undefined),
      [true, true, false],
    )
  })

  it("G11: an expired entry is not served, and the store may know a later end", async () => {
    const { id, expiresAt } = await stored()
    await fill(id)
    await store.apply([changes.touch({ id }, { at: clock.now() + 10, expiresAt: expiresAt + 60_000 })])
    clock.advance(expiresAt - clock.now())
    beat()
    assert.equal(cache.recall(id, 0), undefined)
    assert.equal((await fill(id))?.expiresAt, expiresAt + 60_000)
  })

  it("closing closes the store even when the feed cannot be closed", async () => {
    store.closeFeed = () => Promise.reject(new Error("stuck"))
    await assert.rejects(cache.close(), /stuck/)
    await assert.rejects(cache.find([records.id()]), /closed/)
  })

  it("follows its own change though the feed tells of it before the store's answer has come", async () => {
    const { id } = await stored()
    await fill(id)
    store.afterApply = () => store.feed.notice({ kind: "changed", id, version: 2 })
    await cache.apply([changes.patch({ id, epoch: 0 }, { set: dataOf(["a", "1"]) })])
    assert.deepEqual(cache.recall(id, 2), store.findNow(id))
    assert.equal(counted("noticesCaused"), 1)
  })

  it("does not follow its own change when a newer one, or the end, has been told before the answer", async () => {
    const { id } = await stored()
    await fill(id)
    store.afterApply = () => store.feed.notice({ kind: "changed", id, version: 3 })
    await cache.apply([changes.patch({ id, epoch: 0 }, { set: dataOf(["a", "1"]) })])
    assert.equal(cache.recall(id, 0), undefined)
    store.afterApply = () => undefined
    await fill(id)
    store.afterApply = () => store.feed.notice({ kind: "revoked", id })
    await cache.apply([changes.patch({ id, epoch: 0 }, { set: dataOf(["a", "2"]) })])
    assert.equal(cache.recall(id, 0), undefined)
    assert.equal(await fill(id), undefined)
  })

  it("closing closes the feed, then the store", async () => {
    await cache.close()
    assert.equal(store.feedClosed, true)
    await assert.rejects(cache.find([records.id()]), /closed/)
  })
})
