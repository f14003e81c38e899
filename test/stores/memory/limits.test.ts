import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { changes, dataOf } from "../../../src/testing/index.ts"
import { failsWith, given } from "./given.ts"

describe("memory store: limits", () => {
  it("G10: a create beyond maxSessions is refused with ERR_SESSION_STORE_FULL, and no live session is evicted", async () => {
    const { store, creates } = given({ maxSessions: 3 })
    const first = creates(3)
    await store.apply(first)
    await assert.rejects(
      store.apply(creates(1)),
      failsWith("ERR_SESSION_STORE_FULL", /3 of 3 sessions.*log somebody out/),
    )
    assert.deepEqual(
      await store.find(first.map(({ record }) => record.id)),
      first.map(({ record }) => record),
    )
  })

  it("G10: a full store reclaims what has expired, and takes the create", async () => {
    const { store, creates, clock, records } = given({ maxSessions: 3000 })
    await store.apply(creates(2999, { expiresAt: clock.now() + 10 }))
    const survivor = records.record()
    await store.apply([changes.create(survivor)])
    clock.advance(10)
    const outcomes = await store.apply(creates(2999))
    assert.ok(outcomes.every(({ kind }) => kind === "applied"))
    assert.deepEqual(store.findNow(survivor.id), survivor)
    await assert.rejects(store.apply(creates(1)), failsWith("ERR_SESSION_STORE_FULL"))
  })

  it("G10: a call that does not fit is refused whole, and nothing of it is applied", async () => {
    const { store, creates, records } = given({ maxSessions: 2 })
    const [record, other, third] = records.records(3)
    assert.ok(record && other && third)
    await store.apply([changes.create(record)])
    const patch = changes.patch(record, { set: dataOf(["a", "1"]) })
    await assert.rejects(
      store.apply([patch, changes.create(other), changes.create(third)]),
      failsWith("ERR_SESSION_STORE_FULL", /Nothing was applied/),
    )
    assert.deepEqual(await store.find([record.id, other.id, third.id]), [record, undefined, undefined])
    assert.equal((await store.apply(creates(1)))[0]?.kind, "applied")
  })

  it("a full store takes every change that needs no room", async () => {
    const { store, creates, records, clock } = given({ maxSessions: 2 })
    const record = records.record({ data: dataOf(["a", "1"]) })
    await store.apply([changes.create(record), ...creates(1)])
    const seen = { at: clock.now() + 1, expiresAt: record.expiresAt + 1 }
    const outcomes = await store.apply([
      changes.create(record),
      changes.touch(record, seen),
      changes.patch(record, { set: dataOf(["a", "2"]) }),
      changes.revoke(record),
      ...creates(1),
    ])
    assert.deepEqual(
      outcomes.map(({ kind }) => kind),
      ["exists", "applied", "applied", "applied", "applied"],
    )
    assert.equal(await store.countLive(), 2)
  })

  it("a full store replaces an expired session by one of the same id", async () => {
    const { store, records, clock } = given({ maxSessions: 1 })
    const record = records.record()
    await store.apply([changes.create(record)])
    clock.advance(record.expiresAt - clock.now())
    const again = records.record({ id: record.id })
    await store.apply([changes.create(again)])
    assert.deepEqual(store.findNow(record.id), again)
  })

  it("G10: maxBytes bounds data, and a patch that would pass it is refused", async () => {
    const { store, records } = given({ maxBytes: 100_000 })
    const record = records.record({ data: dataOf(["kept", "1"]) })
    await store.apply([changes.create(record)])
    const grow = (text: string) => store.apply([changes.patch(record, { set: dataOf(["big", text]) })])
    await grow("x".repeat(98_000))
    const before = store.findNow(record.id)
    await assert.rejects(grow("x".repeat(100_000)), failsWith("ERR_SESSION_STORE_FULL", /of 100000 bytes/))
    await assert.rejects(grow("€".repeat(50_000)), failsWith("ERR_SESSION_STORE_FULL"))
    assert.deepEqual(store.findNow(record.id), before)
    await grow("y".repeat(98_000))
    await store.apply([changes.patch(record, { unset: ["big"] })])
    await grow("z".repeat(98_000))
  })

  it("G10: maxBytes bounds sessions, their fixed part included", async () => {
    const { store, creates } = given({ maxBytes: 100_000 })
    let count = 0
    await assert.rejects(async () => {
      for (; ; count++) await store.apply(creates(1, { data: dataOf(["a", "x".repeat(100)]) }))
    }, failsWith("ERR_SESSION_STORE_FULL"))
    assert.ok(count > 100_000 / 320 && count < 100_000 / 240, `${count} sessions`)
  })

  it("G10: long calls that run at the same time do not pass the limit together", async () => {
    const { store, creates } = given({ maxSessions: 5000 })
    const results = await Promise.allSettled([store.apply(creates(3000)), store.apply(creates(3000))])
    assert.deepEqual(results.map(({ status }) => status).toSorted(), ["fulfilled", "rejected"])
    assert.equal(await store.countLive(), 3000)
    await store.apply(creates(2000))
  })
})
