import assert from "node:assert/strict"
import { create, patch, revoke, rotate, rotatePrivilege, touch } from "../changes.ts"
import { type CaseDefinition, storeCase } from "../contract-case.ts"
import { dataOf, HOUR, IDLE } from "../record-builder.ts"
import { applied, GONE } from "../trial.ts"
import { MALFORMED_IDS } from "./malformed-ids.ts"

export const revokeCases: readonly CaseDefinition[] = [
  storeCase("a revoked record is gone at once, and only it", async t => {
    const [record, other] = [await t.given({ version: 3, data: dataOf(["a", "1"]) }), await t.given()]
    await t.expectOutcome(revoke(record), applied(3))
    t.expectSame(await t.store.find([record.id, other.id]), [undefined, other])
  }),

  storeCase("revoking again, or what never was, or what has expired, is gone", async t => {
    const [revoked, expired] = [await t.given(), await t.given()]
    await t.expectOutcome(revoke(revoked), applied(1))
    await t.expectOutcome(revoke(revoked), GONE)
    await t.expectOutcome(revoke(t.records.record()), GONE)
    t.clock.advance(IDLE)
    await t.expectOutcome(revoke(expired), GONE)
  }),

  storeCase("G2: a patch after the revocation is gone and revives nothing", async t => {
    const record = await t.given({ data: dataOf(["a", "1"]) })
    await t.expectOutcome(revoke(record), applied(1))
    await t.expectOutcome(patch(record, { set: dataOf(["a", "2"]) }), GONE)
    await t.expectOutcome(patch(record, { set: dataOf(["a", "2"]), ifVersion: 1 }), GONE)
    const lifetime = {
      idleTimeout: HOUR,
      absoluteExpiresAt: t.now + 9 * HOUR,
      expiresAt: t.now + HOUR,
      persistent: true,
    }
    await t.expectOutcome(patch(record, { lifetime }), GONE)
    await t.expectMissing(record.id)
  }),

  storeCase("G2: a touch after the revocation is gone and revives nothing", async t => {
    const record = await t.given({ previous: { secretHash: t.records.hash(), confirmedAt: undefined } })
    await t.expectOutcome(revoke(record), applied(1))
    await t.expectOutcome(touch(record, { at: t.now, expiresAt: t.now + HOUR }), GONE)
    await t.expectOutcome(touch(record, { at: t.now, expiresAt: t.now + HOUR }, 0), GONE)
    await t.expectMissing(record.id)
  }),

  storeCase("G2: a rotation after the revocation is gone and revives nothing", async t => {
    const record = await t.given()
    await t.expectOutcome(revoke(record), applied(1))
    const fields = { secretHash: t.records.hash(), at: t.now }
    await t.expectOutcome(rotate(record, fields), GONE)
    await t.expectOutcome(
      rotatePrivilege(record, { ...fields, privilege: { login: t.records.login("u1") } }),
      GONE,
    )
    await t.expectMissing(record.id)
  }),

  storeCase("G2: changes that race a revocation end with the session gone", async t => {
    const record = await t.given()
    const changes = Array.from({ length: 20 }, (_, index) =>
      index === 10 ? revoke(record) : patch(record, { set: dataOf([`k${index}`, "1"]) }),
    )
    const outcomes = await Promise.all(changes.map(change => t.apply(change)))
    assert.equal(outcomes[10]?.kind, "applied", "the revocation")
    const others = outcomes.filter(outcome => outcome.kind !== "applied" && outcome.kind !== "gone")
    assert.deepEqual(others, [], "each change was applied before the revocation or is gone")
    await t.expectMissing(record.id)
  }),

  storeCase("a new record may take a revoked id and has nothing of the old one", async t => {
    const { id } = await t.given({
      previous: { secretHash: t.records.hash(), confirmedAt: undefined },
      login: t.records.login("u1"),
      client: { label: "old" },
      data: dataOf(["a", "1"]),
    })
    await t.expectOutcome(revoke({ id }), applied(1))
    const second = t.records.record({ id, data: dataOf(["b", "2"]) })
    await t.expectOutcome(create(second), applied(1))
    await t.expectStored(second)
    await t.expectOutcome(patch(second, { set: dataOf(["c", "3"]) }), applied(2))
    await t.expectStored({ ...second, version: 2, data: dataOf(["b", "2"], ["c", "3"]) })
  }),

  storeCase("revoking a text that is no id is gone", async t => {
    const changes = MALFORMED_IDS.map(id => revoke({ id }))
    await t.expectOutcomes(
      changes,
      changes.map(() => GONE),
    )
  }),
]
