import assert from "node:assert/strict"
import { describe, it } from "node:test"
import type { Login } from "../../../src/contract/record.ts"
import { EXTERNAL_BYTES } from "../../../src/stores/memory/external-index.ts"
import { Packer } from "../../../src/stores/memory/packer.ts"
import { SessionTable } from "../../../src/stores/memory/session-table.ts"
import { changes, ManualClock, RecordBuilder } from "../../../src/testing/index.ts"
import { given } from "./given.ts"

const records = new RecordBuilder(new ManualClock())
const login: Login = { userId: "u1", authenticatedAt: 7, methods: [{ name: "pwd", at: 7 }] }

function packedBytes(fields: Partial<Login>): number {
  const packer = new Packer()
  packer.pack(records.record({ login: { ...login, ...fields } }))
  return packer.length
}

describe("memory store: what a login takes", () => {
  it("a login packs into its texts, their lengths and its time; what it does not say takes nothing", () => {
    const plain = "\u0001u1".length + 8 + 1 + "\u0001pwd".length
    assert.equal(packedBytes({}), plain)
    assert.equal(packedBytes({ methods: [...login.methods, { name: "otp", at: 7 }] }), plain + 4)
    assert.equal(packedBytes({ methods: [{ name: "pwd", at: 6 }] }), plain + 8)
    assert.equal(packedBytes({ assurance: "2" }), plain + 2)
    assert.equal(packedBytes({ externalId: "sid" }), plain + 4)
  })

  it("a session with an external id takes an entry more, and gives it back", () => {
    const table = new SessionTable()
    const plain = records.record({ login })
    const external = records.record({ login: { ...login, externalId: "sid" } })
    assert.equal(table.bytesFor(external), table.bytesFor(plain) + EXTERNAL_BYTES)
    table.insert(plain)
    const held = table.held
    for (const record of [external, records.record({ login: external.login })]) {
      table.insert(record)
      assert.equal(table.bytesOf(table.find(record.id)), table.bytesFor(record))
    }
    assert.equal(table.held, held + 2 * table.bytesFor(external))
    for (const row of table.rowsOfExternal("sid")) table.remove(row)
    assert.deepEqual(table.rowsOfExternal("sid"), [])
    assert.equal(table.held, held)
  })

  it("many sessions of one external id end in one call, and their rows serve new sessions", async () => {
    const { store, creates } = given()
    const many = creates(5000, { login: { ...login, externalId: "sid" } })
    await store.apply([...many, ...creates(10, { login: { ...login, externalId: "other" } })])
    assert.equal((await store.revokeByExternalId("sid")).length, 5000)
    await store.apply(creates(5000, { login }))
    assert.deepEqual(await store.revokeByExternalId("sid"), [])
    assert.equal((await store.revokeByExternalId("other")).length, 10)
    assert.equal(await store.countLive(), 5000)
  })

  it("G10: external ids count against maxBytes", async () => {
    const { store, creates } = given({ maxBytes: 10_000 })
    const filled = async (fields: Partial<Login>): Promise<number> => {
      let count = 0
      for (;;) {
        const outcomes = await store
          .apply(creates(1, { login: { ...login, ...fields } }))
          .catch(() => undefined)
        if (!outcomes) break
        count++
      }
      await store.revokeAll()
      return count
    }
    assert.ok((await filled({ externalId: "x" })) < (await filled({ assurance: "x" })))
  })
})

describe("memory store: rate limits", () => {
  it("G10: maxHitKeys bounds the counters; a sweep makes room", async () => {
    const { store, clock } = given({ maxHitKeys: 2 })
    const hit = (key: string) => store.hit([{ key, window: 1000, limit: 1, cost: 1 }])
    await hit("a")
    await hit("b")
    await assert.rejects(hit("c"), {
      code: "ERR_SESSION_STORE_FULL",
      message: /2 rate-limit counters.*maxHitKeys/,
    })
    clock.advance(2000)
    assert.deepEqual(await store.sweep(clock.now(), 0), [])
    await Promise.all([hit("c"), hit("d")])
    await assert.rejects(hit("e"), { code: "ERR_SESSION_STORE_FULL" })
    await store.apply([changes.create(records.record())])
  })
})
