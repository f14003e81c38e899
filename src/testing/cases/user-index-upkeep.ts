import assert from "node:assert/strict"
import type { Login, SessionRecord } from "../../contract/record.ts"
import type { UserIndexedStore } from "../../contract/store.ts"
import { capabilityCase, USER_INDEX } from "../capability-case.ts"
import { create, patch, revoke, rotate, rotatePrivilege, touch } from "../changes.ts"
import type { CaseDefinition } from "../contract-case.ts"
import { dataOf, HOUR, IDLE } from "../record-builder.ts"
import { applied, CONFLICT, type Trial } from "../trial.ts"

/** What each change makes of the user index. */
export const userIndexUpkeepCases: readonly CaseDefinition[] = [
  capabilityCase(USER_INDEX, "a login by rotation enters the user index", async t => {
    const record = await t.given()
    await expectUsers(t, { ada: 0 })
    await changePrivilege(t, record, t.records.login("ada"))
    await expectUsers(t, { ada: 1 })
    t.expectSame(await t.store.findByUser("ada"), [await t.live(record.id)])
  }),

  capabilityCase(USER_INDEX, "a logout by rotation leaves the user index", async t => {
    const record = await t.given({ login: t.records.login("ada") })
    await changePrivilege(t, record, undefined)
    await expectUsers(t, { ada: 0 })
    assert.deepEqual(await t.store.revokeByUser("ada"), [])
    assert.ok(await t.find(record.id), "the session itself lives on")
  }),

  capabilityCase(USER_INDEX, "a change of user moves the session in the user index", async t => {
    const record = await t.given({ login: t.records.login("ada") })
    await changePrivilege(t, record, t.records.login("bob"))
    await expectUsers(t, { ada: 0, bob: 1 })
    assert.deepEqual(await t.store.revokeByUser("ada"), [])
    assert.deepEqual(await t.store.revokeByUser("bob"), [record.id])
  }),

  capabilityCase(
    USER_INDEX,
    "a new authentication of the same user moves the session to its place in the list",
    async t => {
      const [first, second] = [
        await t.given({ login: t.records.login("ada", { authenticatedAt: t.now - 2 }) }),
        await t.given({ login: t.records.login("ada", { authenticatedAt: t.now - 1 }) }),
      ]
      await changePrivilege(t, first, t.records.login("ada"))
      const listed = await t.store.findByUser("ada")
      assert.deepEqual(
        listed.map(record => record.id),
        [second.id, first.id],
      )
      assert.equal(await t.store.countByUser("ada"), 2)
    },
  ),

  capabilityCase(
    USER_INDEX,
    "patch, touch and rotation keep a session in the user index, with its newest state",
    async t => {
      const record = await t.given({ login: t.records.login("ada") })
      const changes = [
        patch(record, { set: dataOf(["a", "1"]) }),
        touch(record, { at: t.now + 1, expiresAt: t.now + IDLE + 1 }),
        rotate(record, { secretHash: t.records.hash(), at: t.now }),
      ]
      for (const change of changes) {
        assert.equal((await t.apply(change)).kind, "applied")
        t.expectSame(await t.store.findByUser("ada"), [await t.live(record.id)])
      }
    },
  ),

  capabilityCase(USER_INDEX, "a refused login or create leaves the user index alone", async t => {
    const record = await t.given({ login: t.records.login("ada") })
    const login = { secretHash: t.records.hash(), at: t.now, privilege: { login: t.records.login("bob") } }
    await t.expectOutcome(rotatePrivilege({ ...record, epoch: 1 }, login), CONFLICT)
    await t.expectOutcome(rotatePrivilege({ ...record, generation: 1 }, login), CONFLICT)
    await t.apply(create(t.records.record({ id: record.id, login: t.records.login("bob") })))
    await expectUsers(t, { ada: 1, bob: 0 })
  }),

  capabilityCase(USER_INDEX, "a session extended beyond its first end stays in the user index", async t => {
    const record = await t.given({ login: t.records.login("ada") })
    await t.expectOutcome(touch(record, { at: t.now, expiresAt: t.now + HOUR }), applied(1))
    t.clock.advance(IDLE)
    await expectUsers(t, { ada: 1 })
  }),

  capabilityCase(USER_INDEX, "revoked and swept sessions leave the user index", async t => {
    const login = t.records.login("ada")
    const [revoked, swept] = [await t.given({ login }), await t.given({ login })]
    const kept = await t.given({ login, expiresAt: t.now + HOUR })
    await t.expectOutcome(revoke(revoked), applied(1))
    await expectUsers(t, { ada: 2 })
    t.clock.advance(IDLE)
    assert.deepEqual(await t.store.sweep(t.now, 10), [swept.id])
    t.expectSame(await t.store.findByUser("ada"), [kept])
  }),

  capabilityCase(USER_INDEX, "an id taken anew belongs to its new user only", async t => {
    const [revoked, expired] = await t.givenAll(t.records.records(2, { login: t.records.login("ada") }))
    assert.ok(revoked && expired)
    await t.expectOutcome(revoke(revoked), applied(1))
    await t.given({ id: revoked.id })
    await expectUsers(t, { ada: 1 })
    t.clock.advance(IDLE)
    await t.given({ id: expired.id, login: t.records.login("bob") })
    await expectUsers(t, { ada: 0, bob: 1 })
    assert.deepEqual(await t.store.revokeByUser("ada"), [])
    await t.live(expired.id)
  }),

  capabilityCase(USER_INDEX, "changes of one call reach the user index in their order", async t => {
    const record = t.records.record({ login: t.records.login("ada") })
    const [a, b] = [t.records.hash(), t.records.hash()]
    const privilege = (userId: string) => ({ login: t.records.login(userId) })
    await t.expectOutcomes(
      [
        create(record),
        rotatePrivilege(record, { secretHash: a, at: t.now, privilege: privilege("bob") }),
        rotatePrivilege(
          { ...record, epoch: 1, generation: 1, secretHash: a },
          { secretHash: b, at: t.now, privilege: privilege("eve") },
        ),
      ],
      [applied(1), applied(2), applied(3)],
    )
    await expectUsers(t, { ada: 0, bob: 0, eve: 1 })
  }),
]

async function changePrivilege(t: Trial, record: SessionRecord, login: Login | undefined): Promise<void> {
  const change = rotatePrivilege(record, { secretHash: t.records.hash(), at: t.now, privilege: { login } })
  await t.expectOutcome(change, applied(record.version + 1))
}

/** How many sessions each user has, by the list and by the count. */
async function expectUsers(
  t: Trial<UserIndexedStore>,
  users: Readonly<Record<string, number>>,
): Promise<void> {
  for (const [userId, count] of Object.entries(users)) {
    const seen = [(await t.store.findByUser(userId)).length, await t.store.countByUser(userId)]
    assert.deepEqual(seen, [count, count], `the sessions of ${userId}, listed and counted`)
  }
}
