import assert from "node:assert/strict"
import { isSessionError } from "../../contract/errors.ts"
import {
  CLEARABLE,
  COUNTING,
  capabilityCase,
  EXTERNAL_INDEX,
  HITS,
  IMMEDIATE,
  USER_INDEX,
} from "../capability-case.ts"
import { patch } from "../changes.ts"
import { type CaseDefinition, storeCase } from "../contract-case.ts"
import { dataOf } from "../record-builder.ts"
import { aHit } from "./hits.ts"

export const closeCases: readonly CaseDefinition[] = [
  storeCase("closing a store again, or twice at once, does nothing", async t => {
    await t.given()
    await Promise.all([t.store.close(), t.store.close()])
    await t.store.close()
  }),

  storeCase("a closed store rejects every call with ERR_SESSION_CLOSED", async t => {
    const record = await t.given()
    await t.store.close()
    await expectClosed({
      find: () => t.store.find([record.id]),
      apply: () => t.store.apply([patch(record)]),
      sweep: () => t.store.sweep(t.now, 10),
    })
  }),

  storeCase("changes in flight while the store closes are applied or rejected, and none hangs", async t => {
    const record = await t.given()
    const calls = Array.from({ length: 20 }, (_, index) =>
      t.store.apply([patch(record, { set: dataOf([`k${index}`, "1"]) })]),
    )
    const [, ...settled] = await Promise.allSettled([t.store.close(), ...calls])
    for (const call of settled) {
      if (call.status === "fulfilled") assert.equal(call.value[0]?.kind, "applied")
      else assert.ok(isSessionError(call.reason, "ERR_SESSION_CLOSED"), `rejected with ${call.reason}`)
    }
  }),

  capabilityCase(IMMEDIATE, "a closed store throws ERR_SESSION_CLOSED from findNow", async t => {
    const { id } = await t.given()
    await t.store.close()
    assert.throws(
      () => t.store.findNow(id),
      error => isSessionError(error, "ERR_SESSION_CLOSED"),
    )
  }),

  capabilityCase(
    USER_INDEX,
    "a closed store rejects calls of the user index with ERR_SESSION_CLOSED",
    async t => {
      await t.store.close()
      await expectClosed({
        findByUser: () => t.store.findByUser("u1"),
        countByUser: () => t.store.countByUser("u1"),
        revokeByUser: () => t.store.revokeByUser("u1"),
      })
    },
  ),

  capabilityCase(COUNTING, "a closed store rejects counting with ERR_SESSION_CLOSED", async t => {
    await t.store.close()
    await expectClosed({
      countLive: () => t.store.countLive(),
      countUsersSeen: () => t.store.countUsersSeen(0),
    })
  }),

  capabilityCase(CLEARABLE, "a closed store rejects revokeAll with ERR_SESSION_CLOSED", async t => {
    await t.store.close()
    await expectClosed({ revokeAll: () => t.store.revokeAll() })
  }),

  capabilityCase(
    EXTERNAL_INDEX,
    "a closed store rejects revokeByExternalId with ERR_SESSION_CLOSED",
    async t => {
      await t.store.close()
      await expectClosed({ revokeByExternalId: () => t.store.revokeByExternalId("sid") })
    },
  ),

  capabilityCase(HITS, "a closed store rejects hit with ERR_SESSION_CLOSED", async t => {
    await t.store.hit([aHit()])
    await t.store.close()
    await expectClosed({ hit: () => t.store.hit([aHit()]) })
  }),
]

type Calls = Readonly<Record<string, () => Promise<unknown>>>

/** A rejection, not a throw: `assert.rejects` passes on what a call throws by itself. */
async function expectClosed(calls: Calls): Promise<void> {
  for (const [name, call] of Object.entries(calls)) {
    await assert.rejects(
      call,
      error => isSessionError(error, "ERR_SESSION_CLOSED"),
      `${name} of a closed store rejects with a SessionError of code ERR_SESSION_CLOSED`,
    )
  }
}
