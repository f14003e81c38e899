import assert from "node:assert/strict"
import type { CountingStore } from "../../contract/store.ts"
import { COUNTING, capabilityCase } from "../capability-case.ts"
import { create, patch, revoke, rotatePrivilege, touch } from "../changes.ts"
import type { CaseDefinition } from "../contract-case.ts"
import { HOUR, IDLE, MINUTE } from "../record-builder.ts"
import { applied, type Trial } from "../trial.ts"

export const countingCases: readonly CaseDefinition[] = [
  capabilityCase(COUNTING, "countLive counts live sessions, anonymous ones too", async t => {
    await expectLive(t, 0)
    const record = await t.given()
    await t.givenAll(t.records.records(2, { login: t.records.login("ada") }))
    await expectLive(t, 3)
    await t.apply(create(record))
    await t.apply(patch(record))
    await expectLive(t, 3)
    await t.expectOutcome(revoke(record), applied(2))
    await t.apply(revoke(record))
    await expectLive(t, 2)
  }),

  capabilityCase(COUNTING, "G11: countLive counts no expired session, swept or not", async t => {
    const touched = await t.given()
    const expired = await t.given({ login: t.records.login("ada") })
    await t.apply(touch(touched, { at: t.now, expiresAt: t.now + HOUR }))
    t.clock.advance(IDLE - 1)
    await expectLive(t, 2)
    t.clock.advance(1)
    await expectLive(t, 1)
    assert.deepEqual(await t.store.sweep(t.now, 10), [expired.id])
    await expectLive(t, 1)
    t.clock.advance(HOUR)
    await expectLive(t, 0)
  }),

  capabilityCase(COUNTING, "countLive counts an id that was taken anew once", async t => {
    const [revoked, expired] = [await t.given(), await t.given()]
    await t.expectOutcome(revoke(revoked), applied(1))
    await t.given({ id: revoked.id, expiresAt: t.now + HOUR })
    t.clock.advance(IDLE)
    await t.given({ id: expired.id })
    await expectLive(t, 2)
  }),

  capabilityCase(COUNTING, "countUsersSeen counts distinct users seen at or after a moment", async t => {
    const seenAt = (userId: string | undefined, lastSeenAt: number) =>
      t.given({ lastSeenAt, ...(userId === undefined ? {} : { login: t.records.login(userId) }) })
    await seenAt("ada", t.now - MINUTE)
    await seenAt("ada", t.now)
    await seenAt("Ada", t.now - 1)
    await seenAt("bob", t.now - MINUTE)
    await seenAt(undefined, t.now)
    await expectUsersSeen(t, [
      [t.now - MINUTE, 3],
      [t.now - MINUTE + 1, 2],
      [t.now - 1, 2],
      [t.now, 1],
      [t.now + 1, 0],
      [0, 3],
    ])
  }),

  capabilityCase(COUNTING, "countUsersSeen follows touch, login, logout and revocation", async t => {
    const [record, other] = [await t.given(), await t.given({ login: t.records.login("bob") })]
    const login = { secretHash: t.records.hash(), at: t.now, privilege: { login: t.records.login("ada") } }
    await t.expectOutcome(rotatePrivilege(record, login), applied(2))
    await expectUsersSeen(t, [[t.now, 2]])
    t.clock.advance(MINUTE)
    await t.apply(touch(record, { at: t.now, expiresAt: t.now + IDLE }))
    await expectUsersSeen(t, [[t.now, 1]])
    const logout = { secretHash: t.records.hash(), at: t.now, privilege: { login: undefined } }
    await t.expectOutcome(rotatePrivilege(await t.live(record.id), logout), applied(3))
    await expectUsersSeen(t, [[0, 1]])
    await t.expectOutcome(revoke(other), applied(1))
    await expectUsersSeen(t, [[0, 0]])
  }),

  capabilityCase(COUNTING, "G11: countUsersSeen counts no expired session, swept or not", async t => {
    const since = t.now
    await t.given({ login: t.records.login("ada") })
    t.clock.advance(IDLE - 1)
    await expectUsersSeen(t, [[since, 1]])
    t.clock.advance(1)
    await expectUsersSeen(t, [[since, 0]])
    await t.store.sweep(t.now, 10)
    await expectUsersSeen(t, [[since, 0]])
  }),
]

async function expectLive(t: Trial<CountingStore>, count: number): Promise<void> {
  assert.equal(await t.store.countLive(), count, "the count of live sessions")
}

async function expectUsersSeen(
  t: Trial<CountingStore>,
  counts: readonly (readonly [since: number, users: number])[],
): Promise<void> {
  for (const [since, users] of counts) {
    assert.equal(await t.store.countUsersSeen(since), users, `users seen since ${since - t.now} ms from now`)
  }
}
