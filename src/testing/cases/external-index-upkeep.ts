import assert from "node:assert/strict"
import type { Login, SessionRecord } from "../../contract/record.ts"
import type { ExternallyIndexedStore } from "../../contract/store.ts"
import { capabilityCase, EXTERNAL_INDEX } from "../capability-case.ts"
import { create, patch, revoke, rotate, rotatePrivilege, touch } from "../changes.ts"
import type { CaseDefinition } from "../contract-case.ts"
import { dataOf, HOUR, IDLE } from "../record-builder.ts"
import { applied, CONFLICT, type Trial } from "../trial.ts"

/** What each change makes of the index by external id. It shows by a revocation alone, so each is the end of its case. */
export const externalIndexUpkeepCases: readonly CaseDefinition[] = [
  capabilityCase(EXTERNAL_INDEX, "a login by rotation enters the external index", async t => {
    const record = await t.given()
    await changePrivilege(t, record, t.records.login("ada", { externalId: "sid" }))
    await expectExternal(t, { sid: [record] })
  }),

  capabilityCase(EXTERNAL_INDEX, "a logout by rotation leaves the external index", async t => {
    const record = await t.given({ login: t.records.login("ada", { externalId: "sid" }) })
    await changePrivilege(t, record, undefined)
    await expectExternal(t, { sid: [] })
    await t.live(record.id)
  }),

  capabilityCase(EXTERNAL_INDEX, "a login without external id leaves the external index", async t => {
    const record = await t.given({ login: t.records.login("ada", { externalId: "sid" }) })
    await changePrivilege(t, record, t.records.login("ada"))
    await expectExternal(t, { sid: [] })
    await t.live(record.id)
  }),

  capabilityCase(
    EXTERNAL_INDEX,
    "a login of the same user from another external session moves in the external index",
    async t => {
      const record = await t.given({ login: t.records.login("ada", { externalId: "sid-1" }) })
      await changePrivilege(t, record, t.records.login("ada", { externalId: "sid-2" }))
      await expectExternal(t, { "sid-1": [], "sid-2": [record] })
    },
  ),

  capabilityCase(
    EXTERNAL_INDEX,
    "patch, touch and rotation keep a session in the external index",
    async t => {
      const login = t.records.login("ada", { externalId: "sid" })
      const records = await t.givenAll(t.records.records(3, { login }))
      const [patched, touched, rotated] = records
      assert.ok(patched && touched && rotated)
      await t.expectOutcomes(
        [
          patch(patched, { set: dataOf(["a", "1"]) }),
          touch(touched, { at: t.now + 1, expiresAt: t.now + IDLE + 1 }),
          rotate(rotated, { secretHash: t.records.hash(), at: t.now }),
        ],
        [applied(2), applied(1), applied(2)],
      )
      await expectExternal(t, { sid: records })
    },
  ),

  capabilityCase(EXTERNAL_INDEX, "a refused login or create leaves the external index alone", async t => {
    const record = await t.given({ login: t.records.login("ada", { externalId: "sid-1" }) })
    const other = t.records.login("ada", { externalId: "sid-2" })
    const login = { secretHash: t.records.hash(), at: t.now, privilege: { login: other } }
    await t.expectOutcome(rotatePrivilege({ ...record, epoch: 1 }, login), CONFLICT)
    await t.apply(create(t.records.record({ id: record.id, login: other })))
    await expectExternal(t, { "sid-2": [], "sid-1": [record] })
  }),

  capabilityCase(
    EXTERNAL_INDEX,
    "a session extended beyond its first end stays in the external index",
    async t => {
      const record = await t.given({ login: t.records.login("ada", { externalId: "sid" }) })
      await t.expectOutcome(touch(record, { at: t.now, expiresAt: t.now + HOUR }), applied(1))
      t.clock.advance(IDLE)
      await expectExternal(t, { sid: [record] })
    },
  ),

  capabilityCase(EXTERNAL_INDEX, "revoked and swept sessions leave the external index", async t => {
    const login = t.records.login("ada", { externalId: "sid" })
    const [revoked, swept] = [await t.given({ login }), await t.given({ login })]
    const kept = await t.given({ login, expiresAt: t.now + HOUR })
    await t.expectOutcome(revoke(revoked), applied(1))
    t.clock.advance(IDLE)
    assert.deepEqual(await t.store.sweep(t.now, 10), [swept.id])
    await expectExternal(t, { sid: [kept] })
  }),

  capabilityCase(EXTERNAL_INDEX, "an id taken anew belongs to its new external id only", async t => {
    const login = t.records.login("ada", { externalId: "sid-1" })
    const [revoked, expired] = [await t.given({ login }), await t.given({ login })]
    await t.expectOutcome(revoke(revoked), applied(1))
    t.clock.advance(IDLE)
    const anew = [
      await t.given({ id: revoked.id }),
      await t.given({ id: expired.id, login: t.records.login("bob", { externalId: "sid-2" }) }),
    ]
    await expectExternal(t, { "sid-1": [] })
    await t.expectStored(...anew)
    await expectExternal(t, { "sid-2": anew.slice(1) })
  }),

  capabilityCase(EXTERNAL_INDEX, "changes of one call reach the external index in their order", async t => {
    const login = (externalId: string) => t.records.login("ada", { externalId })
    const record = t.records.record({ login: login("sid-1") })
    const [a, b] = [t.records.hash(), t.records.hash()]
    const second = { ...record, epoch: 1, generation: 1, secretHash: a }
    await t.expectOutcomes(
      [
        create(record),
        rotatePrivilege(record, { secretHash: a, at: t.now, privilege: { login: login("sid-2") } }),
        rotatePrivilege(second, { secretHash: b, at: t.now, privilege: { login: login("sid-3") } }),
      ],
      [applied(1), applied(2), applied(3)],
    )
    await expectExternal(t, { "sid-1": [], "sid-2": [], "sid-3": [record] })
  }),
]

async function changePrivilege(t: Trial, record: SessionRecord, login: Login | undefined): Promise<void> {
  const change = rotatePrivilege(record, { secretHash: t.records.hash(), at: t.now, privilege: { login } })
  await t.expectOutcome(change, applied(record.version + 1))
}

/** These sessions, and no others, are ended by each external id. */
async function expectExternal(
  t: Trial<ExternallyIndexedStore>,
  expected: Readonly<Record<string, readonly SessionRecord[]>>,
): Promise<void> {
  for (const [externalId, records] of Object.entries(expected)) {
    const ids = records.map(({ id }) => id)
    const revoked = await t.store.revokeByExternalId(externalId)
    assert.deepEqual(revoked.toSorted(), ids.toSorted(), `the sessions of ${externalId}`)
    await t.expectMissing(...ids)
  }
}
