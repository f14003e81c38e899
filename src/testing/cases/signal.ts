import assert from "node:assert/strict"
import { isSessionError } from "../../contract/errors.ts"
import { CLEARABLE, COUNTING, capabilityCase, EXTERNAL_INDEX, HITS, USER_INDEX } from "../capability-case.ts"
import { patch } from "../changes.ts"
import { type CaseDefinition, storeCase } from "../contract-case.ts"
import { dataOf } from "../record-builder.ts"
import { aHit } from "./hits.ts"

/** A store may honour a signal or answer all the same. It may not hang, fail otherwise, or be of no use afterwards. */
export const signalCases: readonly CaseDefinition[] = [
  storeCase("find with an aborted signal answers or rejects, and the store goes on", async t => {
    const record = await t.given()
    const found = await settle(signal => t.store.find([record.id], signal))
    if (found) t.expectSame(found, [record])
    await t.expectStored(record)
  }),

  storeCase(
    "apply with an aborted signal answers or rejects, and does all of a change or nothing",
    async t => {
      const record = await t.given()
      const change = patch(record, { set: dataOf(["a", "1"], ["b", "2"]) })
      const outcomes = await settle(signal => t.store.apply([change], signal))
      if (outcomes) assert.deepEqual(outcomes, [{ kind: "applied", version: 2 }])
      const changed = { ...record, version: 2, data: change.set }
      const { version } = await t.live(record.id)
      await t.expectStored(version === 2 ? changed : record)
      assert.ok(version === 2 || outcomes === undefined, "what is answered applied is stored")
    },
  ),

  storeCase("a signal that is aborted later does not disturb what was answered before", async t => {
    const record = await t.given()
    const controller = new AbortController()
    const change = patch(record, { set: dataOf(["a", "1"]) })
    assert.deepEqual(await t.store.apply([change], controller.signal), [{ kind: "applied", version: 2 }])
    controller.abort()
    await t.expectStored({ ...record, version: 2, data: change.set })
  }),

  capabilityCase(USER_INDEX, "the user index with an aborted signal answers or rejects", async t => {
    const record = await t.given({ login: t.records.login("u1") })
    await settle(signal => t.store.findByUser("u1", signal))
    const count = await settle(signal => t.store.countByUser("u1", signal))
    assert.equal(count ?? 1, 1)
    t.expectSame(await t.store.findByUser("u1"), [record])
    const revoked = await settle(signal => t.store.revokeByUser("u1", undefined, signal))
    if (revoked) assert.deepEqual([revoked, await t.find(record.id)], [[record.id], undefined])
  }),

  capabilityCase(COUNTING, "counting with an aborted signal answers or rejects", async t => {
    await t.given({ login: t.records.login("u1") })
    assert.equal((await settle(signal => t.store.countLive(signal))) ?? 1, 1)
    assert.equal((await settle(signal => t.store.countUsersSeen(0, signal))) ?? 1, 1)
    assert.deepEqual([await t.store.countLive(), await t.store.countUsersSeen(0)], [1, 1])
  }),

  capabilityCase(CLEARABLE, "revokeAll with an aborted signal answers or rejects", async t => {
    const record = await t.given()
    const count = await settle(signal => t.store.revokeAll(signal))
    if (count === undefined) return
    assert.equal(count, 1)
    await t.expectMissing(record.id)
  }),

  capabilityCase(EXTERNAL_INDEX, "revokeByExternalId with an aborted signal answers or rejects", async t => {
    const record = await t.given({ login: t.records.login("u1", { externalId: "sid" }) })
    const revoked = await settle(signal => t.store.revokeByExternalId("sid", signal))
    if (revoked) assert.deepEqual([revoked, await t.find(record.id)], [[record.id], undefined])
    await t.given({ login: t.records.login("u2", { externalId: "sid" }) })
    assert.ok((await t.store.revokeByExternalId("sid")).length > 0)
  }),

  capabilityCase(
    HITS,
    "hit with an aborted signal answers or rejects, and counts once or not at all",
    async t => {
      const outcomes = await settle(signal => t.store.hit([aHit({ limit: 9 })], signal))
      if (outcomes) assert.deepEqual(outcomes[0]?.current, 1)
      const [next] = await t.store.hit([aHit({ limit: 9 })])
      assert.ok(next?.current === 2 || (next?.current === 1 && !outcomes), `counted ${next?.current}`)
    },
  ),
]

/** The answer, or `undefined` when the call was rejected for the signal's sake; any other rejection fails the case. */
async function settle<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
  const signal = AbortSignal.abort()
  try {
    return await call(signal)
  } catch (error) {
    const aborted = error === signal.reason || (error instanceof Error && error.name === "AbortError")
    assert.ok(
      aborted || isSessionError(error),
      `rejected with ${error} instead of the signal's reason or a SessionError`,
    )
    return undefined
  }
}
