import { patch, rotate, rotatePrivilege, touch } from "../changes.ts"
import { type CaseDefinition, storeCase } from "../contract-case.ts"
import { dataOf, HOUR, IDLE, MINUTE } from "../record-builder.ts"
import { applied, CONFLICT, GONE } from "../trial.ts"
import { allLoginFacts } from "./login-round-trips.ts"

const appliedCases: readonly CaseDefinition[] = [
  storeCase("a rotation replaces the secret and keeps the previous one, unconfirmed", async t => {
    const record = await t.given({
      login: t.records.login("u1"),
      data: dataOf(["a", "1"]),
      client: { label: "x" },
    })
    t.clock.advance(MINUTE)
    const secretHash = t.records.hash()
    await t.expectOutcome(rotate(record, { secretHash, at: t.now }), applied(2))
    await t.expectStored({
      ...record,
      version: 2,
      generation: 1,
      secretHash,
      previous: { secretHash: record.secretHash, confirmedAt: undefined },
      rotatedAt: t.now,
    })
  }),

  storeCase("a second rotation replaces a confirmed previous secret by an unconfirmed one", async t => {
    const record = await t.given({
      generation: 4,
      previous: { secretHash: t.records.hash(), confirmedAt: t.now },
    })
    const secretHash = t.records.hash()
    await t.expectOutcome(rotate(record, { secretHash, at: t.now }), applied(2))
    const previous = { secretHash: record.secretHash, confirmedAt: undefined }
    await t.expectStored({ ...record, version: 2, generation: 5, secretHash, previous })
  }),

  storeCase("G3: a login raises the epoch, sets the login and ends the old secret at once", async t => {
    const record = await t.given({ previous: { secretHash: t.records.hash(), confirmedAt: t.now }, epoch: 2 })
    const login = t.records.login("u1", allLoginFacts(t.records, t.now))
    const secretHash = t.records.hash()
    await t.expectOutcome(
      rotatePrivilege(record, { secretHash, at: t.now, privilege: { login } }),
      applied(2),
    )
    const fields = { version: 2, generation: 1, epoch: 3, secretHash, previous: undefined, login }
    await t.expectStored({ ...record, ...fields })
  }),

  storeCase("G3: a logout by rotation raises the epoch and removes the login", async t => {
    const record = await t.given({ login: t.records.login("u1"), data: dataOf(["a", "1"]) })
    const secretHash = t.records.hash()
    const privilege = { login: undefined }
    await t.expectOutcome(rotatePrivilege(record, { secretHash, at: t.now, privilege }), applied(2))
    await t.expectStored({ ...record, version: 2, generation: 1, epoch: 1, secretHash, login: undefined })
  }),

  storeCase("a rotation without privilege keeps epoch and login", async t => {
    const record = await t.given({ epoch: 6, login: t.records.login("u1") })
    const secretHash = t.records.hash()
    const change = rotate(record, { secretHash, at: t.now, previousSecretHash: undefined })
    await t.expectOutcome(change, applied(2))
    await t.expectStored({ ...record, version: 2, generation: 1, secretHash })
    await t.expectOutcome(patch(record, { set: dataOf(["a", "1"]) }), applied(3))
  }),

  storeCase("a rotation carries data, client facts, lifetime and use", async t => {
    const record = await t.given({
      data: dataOf(["a", "1"], ["b", "2"], ["c", { text: "3", expiresAt: t.now + MINUTE }]),
    })
    t.clock.advance(MINUTE)
    const lifetime = {
      idleTimeout: HOUR,
      absoluteExpiresAt: t.now + 5 * HOUR,
      expiresAt: t.now + 9,
      persistent: true,
    }
    const secretHash = t.records.hash()
    const seen = { at: t.now, expiresAt: t.now + HOUR }
    const change = rotatePrivilege(record, {
      ...{ secretHash, at: t.now, lifetime, seen, client: { label: "new" } },
      ...{ set: dataOf(["b", "two"], ["d", "4"]), unset: ["a"], privilege: { login: t.records.login("u2") } },
    })
    await t.expectOutcome(change, applied(2))
    await t.expectStored({
      ...{ ...record, ...lifetime, version: 2, generation: 1, epoch: 1, secretHash, rotatedAt: t.now },
      ...{
        lastSeenAt: t.now,
        expiresAt: t.now + HOUR,
        login: t.records.login("u2"),
        client: { label: "new" },
      },
      data: dataOf(["b", "two"], ["d", "4"]),
    })
  }),

  storeCase("a rotation's use is monotonic and never passes the absolute end", async t => {
    const record = await t.given({ absoluteExpiresAt: t.now + IDLE + MINUTE })
    const late = rotate(record, {
      secretHash: t.records.hash(),
      at: t.now,
      seen: { at: t.now + MINUTE, expiresAt: t.now + HOUR },
    })
    await t.expectOutcome(late, applied(2))
    const rotated = await t.live(record.id)
    const early = rotate(rotated, {
      secretHash: record.secretHash,
      at: t.now,
      seen: { at: t.now, expiresAt: t.now + 1 },
    })
    await t.expectOutcome(early, applied(3))
    await t.expectStored({
      ...{
        ...record,
        version: 3,
        generation: 2,
        lastSeenAt: t.now + MINUTE,
        expiresAt: record.absoluteExpiresAt,
      },
      previous: { secretHash: rotated.secretHash, confirmedAt: undefined },
    })
  }),
]

const refusalCases: readonly CaseDefinition[] = [
  storeCase("a rotation of another generation is a conflict and changes nothing", async t => {
    const record = await t.given({ generation: 3 })
    const fields = { secretHash: t.records.hash(), at: t.now + 1, set: dataOf(["a", "1"]) }
    await t.expectOutcome(rotate({ ...record, generation: 2 }, fields), CONFLICT)
    await t.expectOutcome(rotate({ ...record, generation: 4 }, fields), CONFLICT)
    await t.expectStored(record)
  }),

  storeCase("G3: a rotation of another epoch is a conflict and changes nothing", async t => {
    const record = await t.given({ epoch: 3, login: t.records.login("u1") })
    const fields = { secretHash: t.records.hash(), at: t.now, privilege: { login: t.records.login("u2") } }
    await t.expectOutcome(rotatePrivilege({ ...record, epoch: 2 }, fields), CONFLICT)
    await t.expectOutcome(rotatePrivilege({ ...record, epoch: 4 }, fields), CONFLICT)
    await t.expectStored(record)
  }),

  storeCase("a rotation that comes again is a conflict", async t => {
    const record = await t.given()
    const change = rotate(record, { secretHash: t.records.hash(), at: t.now })
    await t.expectOutcome(change, applied(2))
    await t.expectOutcome(change, CONFLICT)
  }),

  storeCase(
    "G2: a rotation of a record that never was, or has expired, is gone and inserts nothing",
    async t => {
      const never = t.records.record()
      const expired = await t.given()
      t.clock.advance(IDLE)
      const fields = { secretHash: t.records.hash(), at: t.now, seen: { at: t.now, expiresAt: t.now + IDLE } }
      await t.expectOutcome(rotate(never, fields), GONE)
      await t.expectOutcome(rotate(expired, fields), GONE)
      await t.expectMissing(never.id, expired.id)
    },
  ),

  storeCase("a rotation leaves touches of the new generation working", async t => {
    const record = await t.given()
    const secretHash = t.records.hash()
    await t.expectOutcome(rotate(record, { secretHash, at: t.now }), applied(2))
    await t.expectOutcome(touch(record, { at: t.now + 1, expiresAt: t.now + IDLE }, 1), applied(2))
    const previous = { secretHash: record.secretHash, confirmedAt: t.now + 1 }
    await t.expectStored({
      ...record,
      version: 2,
      generation: 1,
      secretHash,
      previous,
      lastSeenAt: t.now + 1,
    })
  }),
]

export const rotateCases: readonly CaseDefinition[] = [...appliedCases, ...refusalCases]
