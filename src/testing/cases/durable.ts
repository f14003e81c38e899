import assert from "node:assert/strict"
import { isClearable, isCounting, isExternallyIndexed, isUserIndexed } from "../../contract/store.ts"
import { COUNTING, capabilityCase, EXTERNAL_INDEX, USER_INDEX } from "../capability-case.ts"
import { create, patch, revoke, rotatePrivilege, touch } from "../changes.ts"
import { type CaseDefinition, durableCase, storeCase } from "../contract-case.ts"
import { dataOf, HOUR, IDLE, MINUTE } from "../record-builder.ts"
import { applied, EXISTS, GONE, Trial } from "../trial.ts"
import { allLoginFacts } from "./login-round-trips.ts"
import { ODD_KEYS, ODD_TEXTS } from "./odd-texts.ts"

export const durableCases: readonly CaseDefinition[] = [
  durable("G6: what was acknowledged is there after the store was closed and opened again", async t => {
    const login = t.records.login("ada", allLoginFacts(t.records, t.now))
    const odd = [
      ...ODD_KEYS.map(key => [key, "x"] as const),
      ...ODD_TEXTS.map((text, index) => [`t${index}`, text] as const),
    ]
    const whole = await t.given({
      ...{
        login,
        client: { label: "日本語 🦊", address: "::1" },
        persistent: true,
        epoch: 3,
        version: 9,
        generation: 2,
      },
      ...{ previous: { secretHash: t.records.hash(), confirmedAt: t.now }, data: dataOf(...odd) },
    })
    const changed = await t.given({
      data: dataOf(["a", "1"], ["b", { text: "2", expiresAt: t.now + MINUTE }]),
    })
    const secretHash = t.records.hash()
    const seen = { at: t.now + 1, expiresAt: t.now + IDLE + 1 }
    await t.expectOutcome(patch(changed, { set: dataOf(["c", "3"]), unset: ["a"] }), applied(2))
    await t.expectOutcome(
      rotatePrivilege(changed, { secretHash, at: t.now + 1, privilege: { login } }),
      applied(3),
    )
    await t.expectOutcome(touch(changed, seen), applied(3))
    const ids = [whole.id, changed.id]
    const before = await t.store.find(ids)
    t.expectSame(before.slice(0, 1), [whole])
    const again = await reopened(t)
    again.expectSame(await again.store.find(ids), before)
    await again.expectOutcome(patch(whole, { set: dataOf(["z", "1"]) }), applied(10))
  }),

  durable("G2: what was revoked stays revoked after the store was opened again", async t => {
    const [record, swept] = [await t.given({ expiresAt: t.now + HOUR }), await t.given()]
    await t.expectOutcomes([patch(record), revoke(record)], [applied(2), applied(2)])
    t.clock.advance(IDLE)
    assert.deepEqual(await t.store.sweep(t.now, 10), [swept.id])
    const again = await reopened(t)
    await again.expectMissing(record.id, swept.id)
    await again.expectOutcome(patch(record), GONE)
    assert.deepEqual(await again.store.sweep(t.now, 10), [])
  }),

  durable("G11: what expired while the store was closed is not found, and is swept", async t => {
    const [record, kept] = [await t.given(), await t.given({ expiresAt: t.now + HOUR })]
    await t.store.close()
    t.clock.advance(IDLE)
    const again = await reopened(t)
    again.expectSame(await again.store.find([record.id, kept.id]), [undefined, kept])
    await again.expectOutcome(patch(record), GONE)
  }),

  durable("expired records are swept after the store was opened again", async t => {
    const records = await t.givenAll(t.records.records(5))
    const again = await reopened(t)
    t.clock.advance(IDLE)
    assert.deepEqual((await again.store.sweep(t.now, 10)).toSorted(), records.map(record => record.id).sort())
  }),

  durable("an id taken anew keeps its new record after the store was opened again", async t => {
    const { id } = await t.given({ data: dataOf(["a", "1"]), login: t.records.login("ada") })
    await t.expectOutcome(revoke({ id }), applied(1))
    const second = await t.given({ id, data: dataOf(["b", "2"]) })
    const again = await reopened(t)
    await again.expectStored(second)
    await again.expectOutcome(create(second), EXISTS)
  }),

  durable("G6: changes acknowledged while the store closes are there when it is opened again", async t => {
    const record = await t.given()
    const keys = Array.from({ length: 20 }, (_, index) => `k${index}`)
    const calls = keys.map(key => t.apply(patch(record, { set: dataOf([key, "1"]) })))
    const [, ...settled] = await Promise.allSettled([t.store.close(), ...calls])
    const acknowledged = keys.filter((_, index) => settled[index]?.status === "fulfilled")
    const again = await reopened(t)
    const { data } = await again.live(record.id)
    assert.deepEqual(
      acknowledged.filter(key => !data.has(key)),
      [],
      "acknowledged and lost",
    )
  }),

  durable("the store can be opened again and again", async t => {
    const record = await t.given()
    let trial: Trial = t
    for (let round = 0; round < 3; round++) {
      trial = await reopened(trial)
      await trial.expectOutcome(patch(record, { set: dataOf([`k${round}`, "1"]) }), applied(round + 2))
    }
    const data = dataOf(["k0", "1"], ["k1", "1"], ["k2", "1"])
    await (await reopened(trial)).expectStored({ ...record, version: 4, data })
  }),

  durableCase(
    capabilityCase(USER_INDEX, "the user index is as before after the store was opened again", async t => {
      const login = t.records.login("ada")
      const [early, late] = [
        await t.given({ login: { ...login, authenticatedAt: t.now - 1 } }),
        await t.given({ login }),
      ]
      const moved = await t.given({ login })
      const privilege = { login: t.records.login("bob") }
      await t.expectOutcome(
        rotatePrivilege(moved, { secretHash: t.records.hash(), at: t.now, privilege }),
        applied(2),
      )
      await t.expectOutcome(revoke(await t.given({ login })), applied(1))
      const store = await t.surroundings.reopen()
      assert.ok(isUserIndexed(store), "the store has lost its user index")
      t.expectSame(await store.findByUser("ada"), [early, late])
      assert.deepEqual([await store.countByUser("ada"), await store.countByUser("bob")], [2, 1])
      assert.deepEqual(await store.revokeByUser("bob"), [moved.id])
    }),
  ),

  durableCase(
    capabilityCase(
      EXTERNAL_INDEX,
      "the external index is as before after the store was opened again",
      async t => {
        const login = (externalId: string) => t.records.login("ada", { externalId })
        const [kept, moved] = [await t.given({ login: login("sid") }), await t.given({ login: login("sid") })]
        const privilege = { login: login("sid-2") }
        await t.expectOutcome(
          rotatePrivilege(moved, { secretHash: t.records.hash(), at: t.now, privilege }),
          applied(2),
        )
        await t.given({ login: login("sid-3") })
        assert.equal((await t.store.revokeByExternalId("sid-3")).length, 1)
        const store = await t.surroundings.reopen()
        assert.ok(isExternallyIndexed(store), "the store has lost its external index")
        assert.deepEqual(await store.revokeByExternalId("sid-3"), [])
        assert.deepEqual(await store.revokeByExternalId("sid"), [kept.id])
        assert.deepEqual(await store.revokeByExternalId("sid-2"), [moved.id])
      },
    ),
  ),

  durableCase(
    capabilityCase(COUNTING, "the counts are as before after the store was opened again", async t => {
      await t.givenAll(t.records.records(2, { login: t.records.login("ada") }))
      await t.expectOutcome(revoke(await t.given({ login: t.records.login("bob") })), applied(1))
      await t.given()
      const store = await t.surroundings.reopen()
      assert.ok(isCounting(store), "the store has lost its counts")
      assert.deepEqual([await store.countLive(), await store.countUsersSeen(t.now)], [3, 1])
    }),
  ),

  durable("what revokeAll ended stays ended after the store was opened again", async t => {
    const record = await t.given()
    if (isClearable(t.store)) await t.store.revokeAll()
    else await t.expectOutcome(revoke(record), applied(1))
    const again = await reopened(t)
    await again.expectMissing(record.id)
    await again.expectOutcome(touch(record, { at: t.now, expiresAt: t.now + HOUR }), GONE)
  }),
]

function durable(name: string, body: (trial: Trial) => Promise<void>): CaseDefinition {
  return durableCase(storeCase(name, body))
}

const reopened = async ({ surroundings }: Trial): Promise<Trial> =>
  new Trial(await surroundings.reopen(), surroundings)
