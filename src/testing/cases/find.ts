import assert from "node:assert/strict"
import { type CaseDefinition, storeCase } from "../contract-case.ts"
import { IDLE, MINUTE } from "../record-builder.ts"
import { MALFORMED_IDS, nearMisses } from "./malformed-ids.ts"

export const findCases: readonly CaseDefinition[] = [
  storeCase("find answers in the order of the ids", async t => {
    const [a, b, c] = [await t.given(), await t.given(), await t.given()]
    const unknown = t.records.id()
    t.expectSame(await t.store.find([c.id, unknown, a.id, b.id]), [c, undefined, a, b])
    t.expectSame(await t.store.find([b.id, a.id, c.id, unknown]), [b, a, c, undefined])
  }),

  storeCase("find answers undefined for an id that no record has", async t => {
    await t.expectMissing(t.records.id())
    await t.given()
    await t.expectMissing(t.records.id())
  }),

  storeCase("find answers every mention of an id", async t => {
    const [a, b] = [await t.given(), await t.given()]
    const unknown = t.records.id()
    const ids = [a.id, b.id, a.id, unknown, unknown, a.id]
    t.expectSame(await t.store.find(ids), [a, b, a, undefined, undefined, a])
  }),

  storeCase("find of no ids answers nothing", async t => {
    await t.given()
    assert.deepEqual(await t.store.find([]), [])
  }),

  storeCase("find answers 1,000 ids at once", async t => {
    const records = await t.givenAll(t.records.records(500))
    const pairs = records.flatMap(record => [record, undefined])
    const ids = pairs.map(record => record?.id ?? t.records.id())
    t.expectSame(await t.store.find(ids), pairs)
  }),

  storeCase(
    "G11: a record is found up to the last millisecond before its expiresAt, never from it on",
    async t => {
      const early = await t.given()
      const late = await t.given({ expiresAt: t.now + IDLE + 1 })
      t.clock.advance(IDLE - 1)
      await t.expectStored(early, late)
      t.clock.advance(1)
      t.expectSame(await t.store.find([early.id, late.id]), [undefined, late])
      t.clock.advance(1)
      await t.expectMissing(early.id, late.id)
    },
  ),

  storeCase("G11: finding a record does not extend its life", async t => {
    const record = await t.given()
    for (let minute = 0; minute < 29; minute++) {
      t.clock.advance(MINUTE)
      await t.expectStored(record)
    }
    t.clock.advance(MINUTE)
    await t.expectMissing(record.id)
  }),

  storeCase("find answers undefined for text that is no id, and never throws", async t => {
    await t.given()
    for (const text of MALFORMED_IDS) {
      assert.deepEqual(
        await t.store.find([text]),
        [undefined],
        `the answer for ${JSON.stringify(text.slice(0, 60))}`,
      )
    }
  }),

  storeCase("find answers a live id between texts that are no ids", async t => {
    const record = await t.given()
    const found = await t.store.find([...MALFORMED_IDS, record.id, ...MALFORMED_IDS])
    const none = MALFORMED_IDS.map(() => undefined)
    t.expectSame(found, [...none, record, ...none])
  }),

  storeCase("find takes an id for another when anything in it differs", async t => {
    const record = await t.given()
    await t.expectMissing(...nearMisses(record.id))
    await t.expectStored(record)
  }),
]
