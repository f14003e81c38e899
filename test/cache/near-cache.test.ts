import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { changes, dataOf } from "../../src/testing/index.ts"
import { BOUND, GivenCache, MAX_AGE } from "./given-cache.ts"

describe("near cache", () => {
  it("answers from memory what was read once, without asking the store again", async () => {
    const { cache, counted, fill, store, stored } = new GivenCache()
    const { id } = await stored()
    assert.equal(cache.recall(id, 0), undefined)
    const record = await fill(id)
    assert.equal(cache.recall(id, 0), record)
    assert.deepEqual(store.reads, [[id]])
    assert.deepEqual([counted("hits"), counted("misses"), counted("fills")], [1, 1, 1])
  })

  it("one read serves a hundred requests that miss at the same time", async () => {
    const { counted, fill, store, stored } = new GivenCache()
    const { id } = await stored()
    const answers = await Promise.all(Array.from({ length: 100 }, () => fill(id)))
    assert.equal(new Set(answers).size, 1)
    assert.equal(answers[0]?.id, id)
    assert.equal(store.reads.length, 1)
    assert.equal(counted("sharedFills"), 99)
  })

  it("two reads serve a hundred requests at the same time that cannot say which version they have seen", async () => {
    const { fill, store, stored } = new GivenCache()
    const { id } = await stored()
    const answers = await Promise.all(Array.from({ length: 100 }, () => fill(id, Number.MAX_SAFE_INTEGER)))
    assert.ok(answers.every(answer => answer?.id === id))
    assert.equal(store.reads.length, 2)
  })

  it("a read that failed is told to all who waited, and the next request asks again", async () => {
    const { fill, store, stored } = new GivenCache()
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
    const { clock, fill, records, store } = new GivenCache()
    const id = records.id()
    assert.equal(await fill(id), undefined)
    assert.equal(await fill(id), undefined)
    assert.equal(store.reads.length, 1)
    clock.advance(BOUND)
    assert.equal(await fill(id), undefined)
    assert.equal(store.reads.length, 2)
  })

  it("G5: who has seen a newer version is not given an older one", async () => {
    const { cache, fill, store, stored } = new GivenCache()
    const { id } = await stored()
    await fill(id)
    await store.apply([changes.patch({ id, epoch: 0 }, { set: dataOf(["a", "1"]) })])
    assert.equal(cache.recall(id, 2), undefined)
    assert.equal((await fill(id, 2))?.version, 2)
    assert.equal(cache.recall(id, 2)?.version, 2)
  })

  it("G5: who joins a read that began before the version it has seen reads again", async () => {
    const { cache, fill, store, stored } = new GivenCache()
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
    const { cache, clock, counted, fill, store, stored } = new GivenCache()
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
    const { beat, cache, clock, fill, store, stored } = new GivenCache()
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
    const { beat, cache, clock, counted, fill, store, stored } = new GivenCache()
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
    const { beat, cache, fill, store, stored } = new GivenCache()
    const { id } = await stored()
    await fill(id)
    store.feed.disconnected()
    store.feed.connected()
    beat()
    assert.equal(cache.recall(id, 0), undefined)
  })

  it("what was being read when the connection changed is not kept", async () => {
    const { cache, fill, store, stored } = new GivenCache()
    const { id } = await stored()
    store.afterRead = () => {
      store.feed.disconnected()
      store.feed.connected()
    }
    assert.equal((await fill(id))?.id, id)
    assert.equal(cache.recall(id, 0), undefined)
  })

  it("an entry is read anew after maxAge, however good the feed is", async () => {
    const { beat, cache, clock, fill, stored } = new GivenCache()
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
    const { cache, fill, store, stored } = new GivenCache()
    const { id } = await stored()
    store.afterRead = () => store.feed.notice({ kind: "revoked", id })
    assert.equal(await fill(id), undefined, "the read began before the revocation")
    assert.equal(cache.recall(id, 0), undefined)
  })

  it("G4: a notice that overtakes the answer of a read makes it read again", async () => {
    const { counted, fill, store, stored } = new GivenCache()
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
    const { cache, fill, store, stored } = new GivenCache()
    const { id } = await stored()
    store.afterRead = () => store.feed.notice({ kind: "changed", id, version: 1_000_000 })
    assert.equal((await fill(id))?.version, 1)
    assert.equal(cache.recall(id, 0), undefined)
  })

  it("a notice of a version that is held already changes nothing: this node's own changes come back", async () => {
    const { cache, fill, store, stored } = new GivenCache()
    const { id } = await stored()
    await fill(id)
    store.feed.notice({ kind: "changed", id, version: 1 })
    assert.equal(cache.recall(id, 0)?.id, id)
    store.feed.notice({ kind: "changed", id, version: 2 })
    assert.equal(cache.recall(id, 0), undefined)
  })

  it("G4: revoking a user, or everybody, ends entries and reads under way without a search", async () => {
    const { cache, fill, records, store, stored } = new GivenCache()
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
    const { cache, fill, records, store, stored } = new GivenCache()
    const ada = await stored({ login: records.login("ada") })
    const { id } = await stored({ login: records.login("last") })
    await Promise.all([fill(ada.id), fill(id)])
    for (let user = 0; user < 10_001; user++) store.feed.notice({ kind: "userRevoked", userId: `u${user}` })
    assert.equal(cache.recall(ada.id, 0), undefined)
    assert.equal(cache.recall(id, 0), undefined)
  })

  it("G11: an expired entry is not served, and the store may know a later end", async () => {
    const { beat, cache, clock, fill, store, stored } = new GivenCache()
    const { id, expiresAt } = await stored()
    await fill(id)
    await store.apply([changes.touch({ id }, { at: clock.now() + 10, expiresAt: expiresAt + 60_000 })])
    clock.advance(expiresAt - clock.now())
    beat()
    assert.equal(cache.recall(id, 0), undefined)
    assert.equal((await fill(id))?.expiresAt, expiresAt + 60_000)
  })

  it("closing closes the store even when the feed cannot be closed", async () => {
    const { cache, records, store } = new GivenCache()
    store.closeFeed = () => Promise.reject(new Error("stuck"))
    await assert.rejects(cache.close(), /stuck/)
    await assert.rejects(cache.find([records.id()]), /closed/)
  })

  it("closing closes the feed, then the store", async () => {
    const { cache, records, store } = new GivenCache()
    await cache.close()
    assert.equal(store.feedClosed, true)
    await assert.rejects(cache.find([records.id()]), /closed/)
  })
})
