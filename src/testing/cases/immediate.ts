import assert from "node:assert/strict"
import type { ImmediateStore } from "../../contract/store.ts"
import { capabilityCase, IMMEDIATE } from "../capability-case.ts"
import { create, patch, revoke, rotate, touch } from "../changes.ts"
import type { CaseDefinition } from "../contract-case.ts"
import { dataOf, IDLE, MINUTE } from "../record-builder.ts"
import type { Trial } from "../trial.ts"
import { MALFORMED_IDS, nearMisses } from "./malformed-ids.ts"

export const immediateCases: readonly CaseDefinition[] = [
  capabilityCase(IMMEDIATE, "findNow answers as find does after every kind of change", async t => {
    const record = t.records.record({ login: t.records.login("u1"), data: dataOf(["a", "1"]) })
    const seen = { at: t.now + 1, expiresAt: t.now + IDLE + 1 }
    const changes = [
      create(record),
      patch(record, { set: dataOf(["b", "2"]), client: { label: "x" } }),
      rotate(record, { secretHash: t.records.hash(), at: t.now }),
      touch(record, seen, 1),
    ]
    for (const change of changes) {
      assert.equal((await t.apply(change)).kind, "applied")
      const found = await t.live(record.id)
      t.expectSame([t.store.findNow(record.id)], [found])
    }
    await t.apply(revoke(record))
    expectNoneNow(t, record.id)
  }),

  capabilityCase(
    IMMEDIATE,
    "G11: findNow finds a record up to its last millisecond and not from its expiresAt on",
    async t => {
      const record = await t.given()
      t.clock.advance(IDLE - 1)
      t.expectSame([t.store.findNow(record.id)], [record])
      t.clock.advance(1)
      expectNoneNow(t, record.id)
    },
  ),

  capabilityCase(
    IMMEDIATE,
    "findNow answers undefined for what is no id, or another, and never throws",
    async t => {
      const { id } = await t.given()
      expectNoneNow(t, t.records.id(), ...MALFORMED_IDS, ...nearMisses(id))
    },
  ),

  capabilityCase(IMMEDIATE, "changing what findNow answered does not change the store", async t => {
    const record = await t.given({ data: dataOf(["a", "1"]) })
    const found = t.store.findNow(record.id)
    assert.ok(found)
    try {
      Map.prototype.set.call(found.data, "a", { text: "spoilt" })
    } catch {
      // Refusing is as good as ignoring.
    }
    await t.expectStored(record)
    t.expectSame([t.store.findNow(record.id)], [record])
  }),

  capabilityCase(IMMEDIATE, "findNow does not extend a record's life", async t => {
    const record = await t.given()
    for (let minute = 1; minute < 30; minute++) {
      t.clock.advance(MINUTE)
      t.expectSame([t.store.findNow(record.id)], [record])
    }
    t.clock.advance(MINUTE)
    expectNoneNow(t, record.id)
  }),
]

function expectNoneNow(t: Trial<ImmediateStore>, ...ids: readonly string[]): void {
  for (const id of ids) {
    assert.equal(t.store.findNow(id), undefined, `the answer for ${JSON.stringify(id.slice(0, 60))}`)
  }
}
