import assert from "node:assert/strict"
import { isCounting, isUserIndexed } from "../../contract/store.ts"
import { capabilityCase, EXTERNAL_INDEX } from "../capability-case.ts"
import { patch, revoke, touch } from "../changes.ts"
import type { CaseDefinition } from "../contract-case.ts"
import { dataOf, HOUR, IDLE } from "../record-builder.ts"
import { GONE } from "../trial.ts"
import { OPAQUE_TEXTS } from "./odd-texts.ts"

const EXTERNAL_IDS = ["", ...OPAQUE_TEXTS]

/** The ids of the records, sorted. */
const idsOf = (records: readonly { readonly id: string }[]): string[] => records.map(({ id }) => id).sort()

export const externalIndexCases: readonly CaseDefinition[] = [
  capabilityCase(
    EXTERNAL_INDEX,
    "revokeByExternalId revokes all sessions of the external id, whosever they are, and tells their ids",
    async t => {
      const login = (userId: string, externalId: string) => t.records.login(userId, { externalId })
      const ended = await t.givenAll([
        ...t.records.records(3, { login: login("ada", "sid-1") }),
        t.records.record({ login: login("bob", "sid-1") }),
      ])
      const others = await t.givenAll([
        t.records.record({ login: login("ada", "sid-2") }),
        t.records.record({ login: t.records.login("ada") }),
        t.records.record(),
      ])
      assert.deepEqual((await t.store.revokeByExternalId("sid-1")).toSorted(), idsOf(ended))
      await t.expectMissing(...ended.map(({ id }) => id))
      await t.expectStored(...others)
      assert.deepEqual(await t.store.revokeByExternalId("sid-1"), [])
    },
  ),

  capabilityCase(EXTERNAL_INDEX, "external ids are opaque text: each ends its own session only", async t => {
    const records = EXTERNAL_IDS.map(externalId =>
      t.records.record({ login: t.records.login("ada", { externalId }) }),
    )
    await t.givenAll(records)
    for (const stranger of ["valueOf", "ADA", "ob", "a", "u".repeat(1023)]) {
      assert.deepEqual(await t.store.revokeByExternalId(stranger), [], JSON.stringify(stranger))
    }
    for (const [index, externalId] of EXTERNAL_IDS.entries()) {
      const own = records.slice(index, index + 1)
      const revoked = await t.store.revokeByExternalId(externalId)
      assert.deepEqual(revoked, idsOf(own), `the sessions of ${JSON.stringify(externalId)}`)
    }
    assert.deepEqual((await t.store.find(idsOf(records))).filter(Boolean), [])
  }),

  capabilityCase(
    EXTERNAL_INDEX,
    "no external id ends a session that has none, or a user of its name",
    async t => {
      const others = await t.givenAll([
        t.records.record(),
        ...["ada", ""].map(userId => t.records.record({ login: t.records.login(userId) })),
      ])
      for (const externalId of ["", "ada", "undefined", "null", others[0]?.id ?? ""]) {
        assert.deepEqual(await t.store.revokeByExternalId(externalId), [], JSON.stringify(externalId))
      }
      await t.expectStored(...others)
    },
  ),

  capabilityCase(
    EXTERNAL_INDEX,
    "G11: revokeByExternalId tells live sessions only, to the millisecond",
    async t => {
      const login = t.records.login("ada", { externalId: "sid" })
      await t.given({ login })
      const [short, long] = [
        await t.given({ login, expiresAt: t.now + IDLE + 1 }),
        await t.given({ login: { ...login, externalId: "sid-2" }, expiresAt: t.now + IDLE + 1 }),
      ]
      t.clock.advance(IDLE)
      assert.deepEqual(await t.store.revokeByExternalId("sid"), [short.id])
      t.clock.advance(1)
      assert.deepEqual(await t.store.revokeByExternalId("sid-2"), [])
      await t.expectMissing(short.id, long.id)
    },
  ),

  capabilityCase(
    EXTERNAL_INDEX,
    "G2: a change after revokeByExternalId is gone and revives nothing",
    async t => {
      const record = await t.given({ login: t.records.login("ada", { externalId: "sid" }) })
      assert.deepEqual(await t.store.revokeByExternalId("sid"), [record.id])
      const seen = { at: t.now, expiresAt: t.now + HOUR }
      await t.expectOutcomes(
        [patch(record, { seen }), touch(record, seen), revoke(record)],
        [GONE, GONE, GONE],
      )
      await t.expectMissing(record.id)
    },
  ),

  capabilityCase(
    EXTERNAL_INDEX,
    "G2: changes that race revokeByExternalId end with all sessions gone",
    async t => {
      const login = t.records.login("ada", { externalId: "sid" })
      const mine = await t.givenAll(t.records.records(10, { login }))
      const change = (index: number) =>
        t.store.apply(mine.map(record => patch(record, { set: dataOf([`k${index}`, "1"]) })))
      const revocation = () => t.store.revokeByExternalId("sid")
      const [, , revoked] = await Promise.all([change(0), change(1), revocation(), change(2), change(3)])
      assert.deepEqual(revoked.toSorted(), idsOf(mine))
      await t.expectMissing(...mine.map(record => record.id))
    },
  ),

  capabilityCase(EXTERNAL_INDEX, "what revokeByExternalId ended is in no list and in no count", async t => {
    const records = t.records.records(2, { login: t.records.login("ada", { externalId: "sid" }) })
    await t.givenAll(records)
    const other = await t.given({ login: t.records.login("ada") })
    assert.deepEqual((await t.store.revokeByExternalId("sid")).toSorted(), idsOf(records))
    if (isUserIndexed(t.store)) {
      t.expectSame(await t.store.findByUser("ada"), [other])
      assert.equal(await t.store.countByUser("ada"), 1)
    }
    if (isCounting(t.store)) assert.equal(await t.store.countLive(), 1)
    await t.expectStored(other)
  }),
]
