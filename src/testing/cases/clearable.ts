import assert from "node:assert/strict"
import { isCounting, isExternallyIndexed, isUserIndexed } from "../../contract/store.ts"
import { CLEARABLE, capabilityCase } from "../capability-case.ts"
import { patch, touch } from "../changes.ts"
import type { CaseDefinition } from "../contract-case.ts"
import { HOUR, IDLE } from "../record-builder.ts"
import { GONE } from "../trial.ts"

export const clearableCases: readonly CaseDefinition[] = [
  capabilityCase(CLEARABLE, "revokeAll ends every session and tells how many were live", async t => {
    const ending = await t.given()
    const living = await t.givenAll([
      ...t.records.records(3, { expiresAt: t.now + HOUR }),
      t.records.record({ expiresAt: t.now + HOUR, login: t.records.login("ada") }),
    ])
    t.clock.advance(IDLE)
    assert.equal(await t.store.revokeAll(), 4)
    await t.expectMissing(ending.id, ...living.map(record => record.id))
    assert.equal(await t.store.revokeAll(), 0)
  }),

  capabilityCase(CLEARABLE, "revokeAll of an empty store ends nothing", async t => {
    assert.equal(await t.store.revokeAll(), 0)
  }),

  capabilityCase(CLEARABLE, "G2: a change after revokeAll is gone and revives nothing", async t => {
    const record = await t.given()
    assert.equal(await t.store.revokeAll(), 1)
    const seen = { at: t.now, expiresAt: t.now + HOUR }
    await t.expectOutcomes([patch(record, { seen }), touch(record, seen)], [GONE, GONE])
    await t.expectMissing(record.id)
  }),

  capabilityCase(
    CLEARABLE,
    "after revokeAll the indexes and the counts are empty, and new sessions live",
    async t => {
      const login = t.records.login("ada", { externalId: "sid" })
      const { id } = await t.given({ login })
      assert.equal(await t.store.revokeAll(), 1)
      if (isUserIndexed(t.store)) assert.deepEqual(await t.store.findByUser("ada"), [])
      if (isCounting(t.store)) {
        assert.deepEqual([await t.store.countLive(), await t.store.countUsersSeen(0)], [0, 0])
      }
      if (isExternallyIndexed(t.store)) assert.deepEqual(await t.store.revokeByExternalId("sid"), [])
      const second = await t.given({ id, login })
      await t.expectStored(second)
      if (isUserIndexed(t.store)) t.expectSame(await t.store.findByUser("ada"), [second])
      if (isCounting(t.store)) assert.equal(await t.store.countLive(), 1)
      if (isExternallyIndexed(t.store)) assert.deepEqual(await t.store.revokeByExternalId("sid"), [id])
    },
  ),
]
