import assert from "node:assert/strict"
import type { UserIndexedStore } from "../../contract/store.ts"
import { capabilityCase, USER_INDEX } from "../capability-case.ts"
import { patch, revoke, touch } from "../changes.ts"
import type { CaseDefinition } from "../contract-case.ts"
import { dataOf, HOUR, IDLE } from "../record-builder.ts"
import { applied, GONE, type Trial } from "../trial.ts"
import { allLoginFacts } from "./login-round-trips.ts"
import { OPAQUE_TEXTS } from "./odd-texts.ts"

const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const readingCases: readonly CaseDefinition[] = [
  capabilityCase(USER_INDEX, "findByUser answers the user's sessions whole, and no one else's", async t => {
    const login = t.records.login("ada", allLoginFacts(t.records, t.now))
    const record = await t.given({ login, client: { label: "phone" }, data: dataOf(["a", "1"]) })
    await t.givenAll([t.records.record({ login: t.records.login("bob") }), t.records.record()])
    await expectUser(t, "ada", [record])
    await expectUser(t, "nobody", [])
  }),

  capabilityCase(USER_INDEX, "findByUser lists the oldest authentication first, then by id", async t => {
    const early = t.records.records(10, { login: t.records.login("ada", { authenticatedAt: t.now - HOUR }) })
    const late = t.records.records(10, { login: t.records.login("ada", { authenticatedAt: t.now - 1 }) })
    await t.givenAll(late.flatMap((record, index) => [record, early[index] ?? record]))
    const sorted = [early, late].flatMap(records => records.toSorted((a, b) => byCodeUnit(a.id, b.id)))
    await expectUser(t, "ada", sorted)
  }),

  capabilityCase(USER_INDEX, "G11: the user index holds live sessions only, to the millisecond", async t => {
    const login = t.records.login("ada")
    const [early, late, revoked] = [
      await t.given({ login }),
      await t.given({ login: { ...login, authenticatedAt: t.now + 1 }, expiresAt: t.now + IDLE + 1 }),
      await t.given({ login }),
    ]
    await t.expectOutcome(revoke(revoked), applied(1))
    t.clock.advance(IDLE - 1)
    await expectUser(t, "ada", [early, late])
    t.clock.advance(1)
    await expectUser(t, "ada", [late])
    t.clock.advance(1)
    await expectUser(t, "ada", [])
  }),

  capabilityCase(USER_INDEX, "user ids are opaque text: each finds its own session only", async t => {
    const records = OPAQUE_TEXTS.map(userId => t.records.record({ login: t.records.login(userId) }))
    await t.givenAll(records)
    for (const [index, userId] of OPAQUE_TEXTS.entries()) {
      const own = records.slice(index, index + 1)
      t.expectSame(await t.store.findByUser(userId), own)
      assert.equal(await t.store.countByUser(userId), 1, `the count of ${JSON.stringify(userId)}`)
    }
    for (const stranger of ["valueOf", "ADA", "ob", "a", "u".repeat(1023)]) await expectUser(t, stranger, [])
  }),
]

const revokingCases: readonly CaseDefinition[] = [
  capabilityCase(
    USER_INDEX,
    "revokeByUser revokes all of the user's sessions and tells their ids",
    async t => {
      const mine = await t.givenAll(t.records.records(3, { login: t.records.login("ada") }))
      const others = [await t.given({ login: t.records.login("bob") }), await t.given()]
      assert.deepEqual((await t.store.revokeByUser("ada")).toSorted(), mine.map(record => record.id).sort())
      await t.expectMissing(...mine.map(record => record.id))
      await expectUser(t, "ada", [])
      await t.expectStored(...others)
      assert.deepEqual(await t.store.revokeByUser("ada"), [])
    },
  ),

  capabilityCase(USER_INDEX, "revokeByUser spares the session named by except", async t => {
    const mine = await t.givenAll(t.records.records(3, { login: t.records.login("ada") }))
    const [kept, ...ended] = mine
    assert.ok(kept)
    assert.deepEqual(
      (await t.store.revokeByUser("ada", kept.id)).toSorted(),
      ended.map(record => record.id).sort(),
    )
    await expectUser(t, "ada", [kept])
    await t.expectStored(kept)
    await t.expectMissing(...ended.map(record => record.id))
  }),

  capabilityCase(
    USER_INDEX,
    "revokeByUser with an except of nobody, or of someone else, revokes all",
    async t => {
      const other = await t.given({ login: t.records.login("bob") })
      const [first, second] = [t.records.login("ada"), t.records.login("eve")]
      const [ada, eve] = [await t.given({ login: first }), await t.given({ login: second })]
      assert.deepEqual(await t.store.revokeByUser("ada", other.id), [ada.id])
      assert.deepEqual(await t.store.revokeByUser("eve", t.records.id()), [eve.id])
      await t.expectMissing(ada.id, eve.id)
      await t.expectStored(other)
    },
  ),

  capabilityCase(USER_INDEX, "revokeByUser tells live sessions only", async t => {
    const login = t.records.login("ada")
    await t.given({ login })
    const live = await t.given({ login, expiresAt: t.now + HOUR })
    t.clock.advance(IDLE)
    assert.deepEqual(await t.store.revokeByUser("ada"), [live.id])
    await t.expectMissing(live.id)
  }),

  capabilityCase(USER_INDEX, "G2: a change after revokeByUser is gone and revives nothing", async t => {
    const record = await t.given({ login: t.records.login("ada") })
    assert.deepEqual(await t.store.revokeByUser("ada"), [record.id])
    const seen = { at: t.now, expiresAt: t.now + HOUR }
    await t.expectOutcomes([patch(record, { seen }), touch(record, seen), revoke(record)], [GONE, GONE, GONE])
    await t.expectMissing(record.id)
    await expectUser(t, "ada", [])
  }),

  capabilityCase(USER_INDEX, "G2: changes that race revokeByUser end with all sessions gone", async t => {
    const mine = await t.givenAll(t.records.records(10, { login: t.records.login("ada") }))
    const change = (index: number) =>
      t.store.apply(mine.map(record => patch(record, { set: dataOf([`k${index}`, "1"]) })))
    const [, , revoked] = await Promise.all([
      change(0),
      change(1),
      t.store.revokeByUser("ada"),
      change(2),
      change(3),
    ])
    assert.equal(revoked.length, 10)
    await t.expectMissing(...mine.map(record => record.id))
    await expectUser(t, "ada", [])
  }),
]

async function expectUser(
  t: Trial<UserIndexedStore>,
  userId: string,
  expected: Parameters<typeof t.expectSame>[1],
) {
  t.expectSame(await t.store.findByUser(userId), expected)
  assert.equal(await t.store.countByUser(userId), expected.length, `the count of ${userId}`)
}

export const userIndexCases: readonly CaseDefinition[] = [...readingCases, ...revokingCases]
