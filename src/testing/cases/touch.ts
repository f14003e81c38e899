import { patch, rotatePrivilege, touch } from "../changes.ts"
import { type CaseDefinition, storeCase } from "../contract-case.ts"
import { dataOf, IDLE, MINUTE, SECOND } from "../record-builder.ts"
import { applied, GONE } from "../trial.ts"
import { MALFORMED_IDS } from "./malformed-ids.ts"

export const touchCases: readonly CaseDefinition[] = [
  storeCase(
    "a touch moves lastSeenAt and expiresAt and changes nothing else, not even the version",
    async t => {
      const record = await t.given({ version: 3, login: t.records.login("u1"), data: dataOf(["a", "1"]) })
      t.clock.advance(MINUTE)
      await t.expectOutcome(touch(record, { at: t.now, expiresAt: t.now + IDLE }), applied(3))
      await t.expectStored({ ...record, lastSeenAt: t.now, expiresAt: t.now + IDLE })
      t.clock.advance(IDLE - 1)
      await t.expectOutcome(patch(record, { ifVersion: 3 }), applied(4))
    },
  ),

  storeCase("a touch never moves lastSeenAt or expiresAt back", async t => {
    const record = await t.given()
    const [early, late] = [t.now + SECOND, t.now + MINUTE]
    t.clock.advance(MINUTE)
    await t.expectOutcome(touch(record, { at: late, expiresAt: late + IDLE }), applied(1))
    await t.expectOutcome(touch(record, { at: early, expiresAt: early + IDLE }), applied(1))
    await t.expectStored({ ...record, lastSeenAt: late, expiresAt: late + IDLE })
  }),

  storeCase("a touch moves lastSeenAt and expiresAt each by itself", async t => {
    const record = await t.given()
    await t.expectOutcome(touch(record, { at: t.now + SECOND, expiresAt: t.now + 1 }), applied(1))
    await t.expectStored({ ...record, lastSeenAt: t.now + SECOND })
    await t.expectOutcome(touch(record, { at: t.now, expiresAt: t.now + IDLE + 1 }), applied(1))
    await t.expectStored({ ...record, lastSeenAt: t.now + SECOND, expiresAt: t.now + IDLE + 1 })
  }),

  storeCase("a touch never extends a life past its absolute end", async t => {
    const record = await t.given({ absoluteExpiresAt: t.now + IDLE + MINUTE })
    t.clock.advance(2 * MINUTE)
    await t.expectOutcome(touch(record, { at: t.now, expiresAt: t.now + IDLE }), applied(1))
    await t.expectStored({ ...record, lastSeenAt: t.now, expiresAt: record.absoluteExpiresAt })
    t.clock.advance(IDLE - MINUTE)
    await t.expectMissing(record.id)
  }),

  storeCase("a touch keeps a session of before alive beyond its first end", async t => {
    const record = await t.given()
    t.clock.advance(IDLE - 1)
    const used = { lastSeenAt: t.now, expiresAt: t.now + IDLE }
    await t.expectOutcome(touch(record, { at: t.now, expiresAt: t.now + IDLE }), applied(1))
    t.clock.advance(IDLE - 1)
    await t.expectStored({ ...record, ...used })
    t.clock.advance(1)
    await t.expectMissing(record.id)
  }),

  storeCase("a touch confirms the current generation's secret, once", async t => {
    const secretHash = t.records.hash()
    const record = await t.given({ generation: 2, previous: { secretHash, confirmedAt: undefined } })
    const first = { at: t.now + 1, expiresAt: record.expiresAt }
    await t.expectOutcome(touch(record, first, 2), applied(1))
    const confirmed = { ...record, previous: { secretHash, confirmedAt: first.at } }
    await t.expectStored({ ...confirmed, lastSeenAt: first.at })
    await t.expectOutcome(touch(record, { ...first, at: t.now + 2 }, 2), applied(1))
    await t.expectStored({ ...confirmed, lastSeenAt: t.now + 2 })
  }),

  storeCase("a touch with another generation, or with none, confirms nothing", async t => {
    const previous = { secretHash: t.records.hash(), confirmedAt: undefined }
    const record = await t.given({ generation: 2, previous })
    const seen = { at: t.now + 1, expiresAt: record.expiresAt }
    for (const generation of [0, 1, 3, undefined]) {
      await t.expectOutcome(touch(record, seen, generation), applied(1))
      await t.expectStored({ ...record, lastSeenAt: seen.at })
    }
  }),

  storeCase("a touch that confirms where there is no previous secret only touches", async t => {
    const record = await t.given()
    await t.expectOutcome(touch(record, { at: t.now + 1, expiresAt: t.now + IDLE }, 0), applied(1))
    await t.expectStored({ ...record, lastSeenAt: t.now + 1 })
  }),

  storeCase("a touch from before a privilege change still counts as use", async t => {
    const record = await t.given()
    const secretHash = t.records.hash()
    await t.expectOutcome(
      rotatePrivilege(record, { secretHash, at: t.now, privilege: { login: undefined } }),
      applied(2),
    )
    await t.expectOutcome(touch(record, { at: t.now + 1, expiresAt: t.now + IDLE }), applied(2))
    await t.expectStored({
      ...record,
      epoch: 1,
      generation: 1,
      version: 2,
      secretHash,
      lastSeenAt: t.now + 1,
    })
  }),

  storeCase(
    "G2: a touch of a record that never was, or has expired, is gone and revives nothing",
    async t => {
      const never = t.records.record()
      const expired = await t.given()
      t.clock.advance(IDLE)
      const seen = { at: t.now, expiresAt: t.now + IDLE }
      await t.expectOutcome(touch(never, seen), GONE)
      await t.expectOutcome(touch(expired, seen), GONE)
      await t.expectMissing(never.id, expired.id)
    },
  ),

  storeCase("a touch under a text that is no id is gone", async t => {
    const changes = MALFORMED_IDS.map(id => touch({ id }, { at: t.now, expiresAt: t.now + IDLE }))
    await t.expectOutcomes(
      changes,
      changes.map(() => GONE),
    )
  }),
]
