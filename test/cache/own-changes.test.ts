import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { changes, dataOf } from "../../src/testing/index.ts"
import { GivenCache } from "./given-cache.ts"

describe("the near cache and its own changes", () => {
  it("follows this node's own changes without a read", async () => {
    const { cache, clock, records, store } = new GivenCache()
    const record = records.record()
    await cache.apply([changes.create(record)])
    await cache.apply([changes.patch(record, { set: dataOf(["cart", "3"]) })])
    await cache.apply([changes.touch(record, { at: clock.now() + 5, expiresAt: record.expiresAt + 5 })])
    const held = cache.recall(record.id, 2)
    assert.deepEqual(held, store.findNow(record.id))
    assert.equal(store.reads.length, 0)
  })

  it("forgets an entry when somebody else's change came between", async () => {
    const { cache, fill, store, stored } = new GivenCache()
    const { id } = await stored()
    await fill(id)
    await store.apply([changes.patch({ id, epoch: 0 }, { set: dataOf(["a", "other"]) })])
    await cache.apply([changes.patch({ id, epoch: 0 }, { set: dataOf(["b", "own"]) })])
    assert.equal(cache.recall(id, 0), undefined)
  })

  it("forgets an entry when the outcome of a change is unknown, or it was refused", async () => {
    const { cache, fill, store, stored } = new GivenCache()
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
    const { cache, fill, records, stored } = new GivenCache()
    const { id } = await stored({ login: records.login("ada") })
    await fill(id)
    await cache.apply([changes.revoke({ id })])
    assert.equal(cache.recall(id, 0), undefined)
    assert.equal(await fill(id), undefined)
  })

  it("follows its own change though the feed tells of it before the store's answer has come", async () => {
    const { cache, counted, fill, store, stored } = new GivenCache()
    const { id } = await stored()
    await fill(id)
    store.afterApply = () => store.feed.notice({ kind: "changed", id, version: 2 })
    await cache.apply([changes.patch({ id, epoch: 0 }, { set: dataOf(["a", "1"]) })])
    assert.deepEqual(cache.recall(id, 2), store.findNow(id))
    assert.equal(counted("noticesCaused"), 1)
  })

  it("does not follow its own change when a newer one, or the end, has been told before the answer", async () => {
    const { cache, fill, store, stored } = new GivenCache()
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
})
