import assert from "node:assert/strict"
import { describe, it } from "node:test"
import type { SessionRecord } from "../../src/contract/record.ts"
import { createMemoryStore, openMemoryStore } from "../../src/stores/memory/index.ts"
import { changes, ManualClock, RecordBuilder, storeContract } from "../../src/testing/index.ts"
import { failsWith, given } from "./memory/given.ts"

storeContract("memory", { open: ({ now }) => createMemoryStore({}, { now }) })

describe("memory store: options", () => {
  const clock = new ManualClock()

  it("opens from a URL with its limits", async () => {
    const store = openMemoryStore("memory:?maxSessions=1&maxBytes=64000", clock)
    const records = new RecordBuilder(clock)
    await store.apply([changes.create(records.record())])
    await assert.rejects(
      store.apply([changes.create(records.record())]),
      failsWith("ERR_SESSION_STORE_FULL", /1 of 1 sessions, \d+ of 64000 bytes/),
    )
    assert.equal(await openMemoryStore("memory:", clock).countLive(), 0)
  })

  it("refuses a wrong URL with ERR_SESSION_CONFIG, which names the known parameters", () => {
    const queries = [
      "size=1",
      "maxSessions=0",
      "maxSessions=1.5",
      "maxSessions=",
      "maxBytes=1e3",
      "maxBytes=-1",
      "maxHitKeys=0",
    ]
    const twice = "maxSessions=1&maxSessions=2"
    const urls = [...queries, twice].map(query => `memory:?${query}`)
    for (const url of [...urls, "memory:sessions", "memory://host", "memory:#x", "file:"]) {
      const expected = failsWith("ERR_SESSION_CONFIG", /maxSessions \(.*maxBytes \(.*maxHitKeys \(/)
      assert.throws(() => openMemoryStore(url, clock), expected, url)
    }
  })

  it("refuses wrong options with ERR_SESSION_CONFIG", () => {
    for (const wrong of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 40]) {
      assert.throws(
        () => createMemoryStore({ maxSessions: wrong }),
        failsWith("ERR_SESSION_CONFIG", /maxSessions/),
      )
      assert.throws(() => createMemoryStore({ maxBytes: wrong }), failsWith("ERR_SESSION_CONFIG", /maxBytes/))
      assert.throws(
        () => createMemoryStore({ maxHitKeys: wrong }),
        failsWith("ERR_SESSION_CONFIG", /maxHitKeys/),
      )
    }
  })
})

describe("memory store: records", () => {
  it("refuses a malformed create or rotation with ERR_SESSION_INVALID_ARGUMENT, and applies nothing", async () => {
    const { store, records } = given()
    const good = records.record()
    const wrong: Partial<SessionRecord>[] = [
      { id: "x" },
      { id: `${"A".repeat(21)}+` },
      { id: `${"A".repeat(21)}é` },
      { secretHash: "abc" },
      { secretHash: `${"A".repeat(42)}=` },
      { epoch: -1 },
      { generation: 2 ** 32 },
    ]
    for (const fields of wrong) {
      const call = store.apply([changes.create(good), changes.create(records.record(fields))])
      await assert.rejects(call, failsWith("ERR_SESSION_INVALID_ARGUMENT"))
    }
    const rotation = changes.rotate(good, { secretHash: "abc", at: 0 })
    await assert.rejects(store.apply([rotation]), failsWith("ERR_SESSION_INVALID_ARGUMENT"))
    assert.equal(await store.countLive(), 0)
  })

  it("keeps every bit of ids and hashes that no encoder would make", async () => {
    const { store, records } = given()
    const ends = ["A", "B", "P", "_"]
    const odd = ends.map(end =>
      records.record({ id: "A".repeat(21) + end, secretHash: "_".repeat(42) + end }),
    )
    await store.apply(odd.map(changes.create))
    assert.deepEqual(await store.find(odd.map(({ id }) => id)), odd)
    assert.equal(store.findNow(`${"A".repeat(21)}C`), undefined)
  })

  it("G11: a clock that is set back and forth loses no session and reports each end once", async () => {
    const { store, records, clock } = given()
    const record = records.record()
    clock.advance(1000)
    const later = records.record()
    await store.apply([changes.create(record), changes.create(later)])
    assert.deepEqual(await store.sweep(record.expiresAt - 1, 10), [])
    assert.deepEqual(await store.sweep(0, 10), [])
    const early = records.record({ expiresAt: record.expiresAt - 10 })
    await store.apply([changes.create(early)])
    assert.deepEqual(await store.sweep(record.expiresAt - 11, 10), [])
    assert.deepEqual(await store.sweep(record.expiresAt - 10, 10), [early.id])
    assert.deepEqual(await store.sweep(record.expiresAt, 10), [record.id])
    assert.deepEqual(store.findNow(later.id), later)
    assert.deepEqual(await store.sweep(later.expiresAt, 10), [later.id])
  })
})
