import assert from "node:assert/strict"
import { patch, rotatePrivilege } from "../changes.ts"
import { type CaseDefinition, storeCase } from "../contract-case.ts"
import { dataOf, HOUR, IDLE, MINUTE, SECOND } from "../record-builder.ts"
import { applied, CONFLICT, GONE } from "../trial.ts"
import { MALFORMED_IDS } from "./malformed-ids.ts"
import { ODD_KEYS } from "./odd-texts.ts"

const dataCases: readonly CaseDefinition[] = [
  storeCase("G1: a patch changes the keys it names and no others", async t => {
    const other = await t.given({ data: dataOf(["a", "other"]) })
    const record = await t.given({
      login: t.records.login("u1"),
      data: dataOf(["a", "1"], ["b", "2"], ["c", "3"]),
    })
    await t.expectOutcome(patch(record, { set: dataOf(["b", "two"], ["d", "4"]) }), applied(2))
    const data = dataOf(["a", "1"], ["b", "two"], ["c", "3"], ["d", "4"])
    await t.expectStored({ ...record, version: 2, data }, other)
  }),

  storeCase("a patch unsets the keys it names; unsetting an unknown key is no error", async t => {
    const record = await t.given({ data: dataOf(["a", "1"], ["b", "2"], ["c", "3"]) })
    await t.expectOutcome(patch(record, { unset: ["a", "c", "never"] }), applied(2))
    await t.expectStored({ ...record, version: 2, data: dataOf(["b", "2"]) })
  }),

  storeCase("a patch sets and unsets at once; a key named in both is set", async t => {
    const record = await t.given({ data: dataOf(["a", "1"], ["b", "2"]) })
    await t.expectOutcome(
      patch(record, { set: dataOf(["b", "new"], ["c", "3"]), unset: ["a", "b"] }),
      applied(2),
    )
    await t.expectStored({ ...record, version: 2, data: dataOf(["b", "new"], ["c", "3"]) })
  }),

  storeCase("a patch sets and unsets odd keys", async t => {
    const record = await t.given()
    const data = dataOf(...ODD_KEYS.map((key, index) => [key, `${index}`] as const))
    await t.expectOutcome(patch(record, { set: data }), applied(2))
    await t.expectStored({ ...record, version: 2, data })
    await t.expectOutcome(patch(record, { unset: ODD_KEYS.slice(1) }), applied(3))
    await t.expectStored({ ...record, version: 3, data: dataOf(["__proto__", "0"]) })
    await t.expectOutcome(patch(record, { unset: ODD_KEYS }), applied(4))
    await t.expectStored({ ...record, version: 4 })
  }),

  storeCase("a patch that names nothing still counts as a version", async t => {
    const record = await t.given({ version: 41, data: dataOf(["a", "1"]) })
    await t.expectOutcome(patch(record), applied(42))
    await t.expectStored({ ...record, version: 42 })
  }),

  storeCase("G11: a key is over at its own end, and a patch removes it for good", async t => {
    const ending = { text: "1", expiresAt: t.now + MINUTE }
    const record = await t.given({ data: dataOf(["ending", ending], ["b", "2"]) })
    t.clock.advance(MINUTE - 1)
    await t.expectOutcome(patch(record, { set: dataOf(["c", "3"]) }), applied(2))
    await t.expectStored({ ...record, version: 2, data: dataOf(["ending", ending], ["b", "2"], ["c", "3"]) })
    t.clock.advance(1)
    await t.expectStored({ ...record, version: 2, data: dataOf(["b", "2"], ["c", "3"]) })
    await t.expectOutcome(patch(record, { set: dataOf(["c", "4"]) }), applied(3))
    const { data } = await t.live(record.id)
    assert.deepEqual([...data.keys()].sort(), ["b", "c"], "the ended key is still kept")
  }),

  storeCase("a patch replaces a key's value together with its end", async t => {
    const end = t.now + MINUTE
    const record = await t.given({ data: dataOf(["a", { text: "1", expiresAt: end }], ["b", "2"]) })
    const set = dataOf(["a", "3"], ["b", { text: "4", expiresAt: end }])
    await t.expectOutcome(patch(record, { set }), applied(2))
    t.clock.advance(MINUTE)
    await t.expectStored({ ...record, version: 2, data: dataOf(["a", "3"]) })
  }),
]

const refusalCases: readonly CaseDefinition[] = [
  storeCase("a patch with ifVersion is applied to this very version only", async t => {
    const record = await t.given({ version: 5 })
    await t.expectOutcome(patch(record, { ifVersion: 4, set: dataOf(["a", "1"]) }), CONFLICT)
    await t.expectOutcome(patch(record, { ifVersion: 6, set: dataOf(["a", "1"]) }), CONFLICT)
    await t.expectStored(record)
    await t.expectOutcome(patch(record, { ifVersion: 5, set: dataOf(["a", "2"]) }), applied(6))
    await t.expectOutcome(patch(record, { ifVersion: 5, set: dataOf(["a", "3"]) }), CONFLICT)
    await t.expectStored({ ...record, version: 6, data: dataOf(["a", "2"]) })
  }),

  storeCase("G3: a patch with another epoch is a conflict and changes nothing", async t => {
    const record = await t.given({ epoch: 3, data: dataOf(["a", "1"]) })
    const set = dataOf(["a", "2"])
    const seen = { at: t.now + SECOND, expiresAt: t.now + SECOND + IDLE }
    await t.expectOutcome(patch(record, { epoch: 2, set, seen, client: { label: "x" } }), CONFLICT)
    await t.expectOutcome(patch(record, { epoch: 4, set, unset: ["a"], ifVersion: 1 }), CONFLICT)
    await t.expectStored(record)
  }),

  storeCase("G3: a patch from before a privilege change is a conflict", async t => {
    const record = await t.given({ data: dataOf(["a", "1"]) })
    const login = t.records.login("u1")
    const secretHash = t.records.hash()
    await t.expectOutcome(
      rotatePrivilege(record, { secretHash, at: t.now, privilege: { login } }),
      applied(2),
    )
    const before = await t.live(record.id)
    await t.expectOutcome(patch(record, { set: dataOf(["a", "2"]), unset: ["b"] }), CONFLICT)
    await t.expectStored(before)
  }),

  storeCase("G2: a patch of a record that never was is gone and inserts nothing", async t => {
    const record = t.records.record()
    await t.expectOutcome(patch(record, { set: dataOf(["a", "1"]) }), GONE)
    await t.expectOutcome(patch(record, { set: dataOf(["a", "1"]), ifVersion: 1 }), GONE)
    await t.expectMissing(record.id)
  }),

  storeCase("G2: a patch of a record that expired this moment is gone and revives nothing", async t => {
    const record = await t.given()
    const lifetime = {
      idleTimeout: HOUR,
      absoluteExpiresAt: t.now + 9 * HOUR,
      expiresAt: t.now + HOUR,
      persistent: true,
    }
    t.clock.advance(IDLE)
    const seen = { at: t.now, expiresAt: t.now + IDLE }
    await t.expectOutcome(patch(record, { set: dataOf(["a", "1"]), lifetime, seen }), GONE)
    await t.expectMissing(record.id)
  }),

  storeCase("a patch under a text that is no id is gone", async t => {
    const changes = MALFORMED_IDS.map(id => patch({ id, epoch: 0 }, { set: dataOf(["a", "1"]) }))
    await t.expectOutcomes(
      changes,
      changes.map(() => GONE),
    )
    await t.expectMissing(...MALFORMED_IDS)
  }),
]

const lifeCases: readonly CaseDefinition[] = [
  storeCase("a patch's lifetime replaces the record's", async t => {
    const record = await t.given()
    const longer = {
      idleTimeout: 2 * HOUR,
      absoluteExpiresAt: t.now + 99 * HOUR,
      expiresAt: t.now + 2 * HOUR,
      persistent: true,
    }
    await t.expectOutcome(patch(record, { lifetime: longer }), applied(2))
    await t.expectStored({ ...record, ...longer, version: 2 })
    const shorter = {
      idleTimeout: MINUTE,
      absoluteExpiresAt: t.now + HOUR,
      expiresAt: t.now + MINUTE,
      persistent: false,
    }
    await t.expectOutcome(patch(record, { lifetime: shorter }), applied(3))
    await t.expectStored({ ...record, ...shorter, version: 3 })
    t.clock.advance(MINUTE)
    await t.expectMissing(record.id)
  }),

  storeCase("a patch's use moves lastSeenAt and expiresAt forward, never back", async t => {
    const record = await t.given()
    const seen = { at: t.now + MINUTE, expiresAt: t.now + MINUTE + IDLE }
    const earlier = { at: t.now + SECOND, expiresAt: t.now + SECOND + IDLE }
    t.clock.advance(MINUTE)
    await t.expectOutcome(patch(record, { seen }), applied(2))
    await t.expectOutcome(patch(record, { seen: earlier, set: dataOf(["a", "1"]) }), applied(3))
    const used = { lastSeenAt: seen.at, expiresAt: seen.expiresAt }
    await t.expectStored({ ...record, ...used, version: 3, data: dataOf(["a", "1"]) })
  }),

  storeCase("a patch's use never passes the absolute end", async t => {
    const record = await t.given({ absoluteExpiresAt: t.now + IDLE + MINUTE })
    t.clock.advance(2 * MINUTE)
    await t.expectOutcome(patch(record, { seen: { at: t.now, expiresAt: t.now + IDLE } }), applied(2))
    await t.expectStored({ ...record, version: 2, lastSeenAt: t.now, expiresAt: record.absoluteExpiresAt })
  }),

  storeCase("a patch's use is clamped to the absolute end that the same patch sets", async t => {
    const record = await t.given()
    const end = t.now + HOUR
    const lifetime = {
      idleTimeout: 2 * HOUR,
      absoluteExpiresAt: end,
      expiresAt: t.now + MINUTE,
      persistent: false,
    }
    const seen = { at: t.now, expiresAt: t.now + 2 * HOUR }
    await t.expectOutcome(patch(record, { lifetime, seen }), applied(2))
    await t.expectStored({ ...record, ...lifetime, version: 2, expiresAt: end })
  }),

  storeCase("a patch's client facts replace the record's as a whole", async t => {
    const record = await t.given({ client: { address: "192.0.2.1", label: "old" } })
    await t.expectOutcome(patch(record, { client: { label: "new", userAgent: "ua" } }), applied(2))
    await t.expectStored({ ...record, version: 2, client: { label: "new", userAgent: "ua" } })
    await t.expectOutcome(patch(record), applied(3))
    await t.expectStored({ ...record, version: 3, client: { label: "new", userAgent: "ua" } })
  }),
]

export const patchCases: readonly CaseDefinition[] = [...dataCases, ...refusalCases, ...lifeCases]
