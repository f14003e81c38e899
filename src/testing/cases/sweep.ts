import assert from "node:assert/strict"
import { create, patch, revoke, touch } from "../changes.ts"
import { type CaseDefinition, storeCase } from "../contract-case.ts"
import { dataOf, HOUR, IDLE, MINUTE } from "../record-builder.ts"
import type { Trial } from "../trial.ts"
import { applied } from "../trial.ts"

export const sweepCases: readonly CaseDefinition[] = [
  storeCase("a sweep removes what has expired, tells its ids, and leaves the living", async t => {
    const over = [await t.given(), await t.given({ data: dataOf(["a", "1"]), login: t.records.login("u1") })]
    const living = [
      await t.given({ expiresAt: t.now + IDLE + 1 }),
      await t.given({ expiresAt: t.now + HOUR }),
    ]
    t.clock.advance(IDLE)
    assert.deepEqual((await t.store.sweep(t.now, 100)).toSorted(), idsOf(over))
    await t.expectStored(...living)
    await t.expectMissing(...over.map(record => record.id))
  }),

  storeCase("a sweep of a store without expired records removes nothing", async t => {
    assert.deepEqual(await t.store.sweep(t.now, 100), [])
    const record = await t.given()
    t.clock.advance(IDLE - 1)
    assert.deepEqual(await t.store.sweep(t.now, 100), [])
    await t.expectStored(record)
  }),

  storeCase("a second sweep finds nothing left", async t => {
    await t.givenAll(t.records.records(3))
    t.clock.advance(IDLE)
    assert.equal((await t.store.sweep(t.now, 100)).length, 3)
    assert.deepEqual(await t.store.sweep(t.now, 100), [])
  }),

  storeCase("a sweep removes at most its limit; sweeping on gets all, each once", async t => {
    const records = await t.givenAll(t.records.records(25))
    t.clock.advance(IDLE)
    assert.deepEqual(await t.store.sweep(t.now, 0), [])
    const sizes: number[] = []
    const swept: string[] = []
    for (let round = 0; round < 4; round++) {
      const ids = await t.store.sweep(t.now, 10)
      sizes.push(ids.length)
      swept.push(...ids)
    }
    assert.deepEqual(sizes, [10, 10, 5, 0])
    assert.deepEqual(swept.sort(), idsOf(records))
  }),

  storeCase("a sweep goes by the moment it is given", async t => {
    const [early, late] = [await t.given(), await t.given({ expiresAt: t.now + IDLE + MINUTE })]
    t.clock.advance(HOUR)
    assert.deepEqual(await t.store.sweep(early.expiresAt - 1, 100), [])
    assert.deepEqual(await t.store.sweep(early.expiresAt, 100), [early.id])
    assert.deepEqual(await t.store.sweep(t.now, 100), [late.id])
  }),

  storeCase("concurrent sweeps never tell an id twice", async t => {
    const records = await t.givenAll(t.records.records(100))
    const living = await t.given({ expiresAt: t.now + HOUR })
    t.clock.advance(IDLE)
    const swept = await Promise.all(Array.from({ length: 5 }, () => t.store.sweep(t.now, 40)))
    assert.ok(
      swept.every(ids => ids.length <= 40),
      "each keeps to its limit",
    )
    const rest = await sweepAll(t)
    assert.deepEqual([...swept.flat(), ...rest].sort(), idsOf(records))
    await t.expectStored(living)
  }),

  storeCase("a record that was extended survives the sweep after its first end", async t => {
    const [touched, patched, untouched] = [await t.given(), await t.given(), await t.given()]
    t.clock.advance(IDLE - MINUTE)
    const seen = { at: t.now, expiresAt: t.now + IDLE }
    await t.expectOutcomes([touch(touched, seen), patch(patched, { seen })], [applied(1), applied(2)])
    t.clock.advance(MINUTE)
    assert.deepEqual(await t.store.sweep(t.now, 100), [untouched.id])
    const used = { lastSeenAt: seen.at, expiresAt: seen.expiresAt }
    await t.expectStored({ ...touched, ...used }, { ...patched, ...used, version: 2 })
    t.clock.advance(IDLE - MINUTE)
    assert.deepEqual((await t.store.sweep(t.now, 100)).toSorted(), idsOf([touched, patched]))
  }),

  storeCase("a record whose lifetime was cut is swept after its new end", async t => {
    const record = await t.given()
    const lifetime = { ...record, expiresAt: t.now + MINUTE }
    const { idleTimeout, absoluteExpiresAt, expiresAt, persistent } = lifetime
    await t.apply(patch(record, { lifetime: { idleTimeout, absoluteExpiresAt, expiresAt, persistent } }))
    t.clock.advance(MINUTE)
    assert.deepEqual(await t.store.sweep(t.now, 100), [record.id])
  }),

  storeCase("a sweep does not tell what was revoked, and spares an id that was taken anew", async t => {
    const [revoked, renewed, replaced] = [await t.given(), await t.given(), await t.given()]
    await t.expectOutcomes([revoke(revoked), revoke(renewed)], [applied(1), applied(1)])
    const again = [await t.given({ id: renewed.id, expiresAt: t.now + HOUR })]
    t.clock.advance(IDLE)
    again.push(await t.given({ id: replaced.id }))
    assert.deepEqual(await t.store.sweep(t.now, 100), [])
    await t.expectStored(...again)
  }),

  storeCase("a swept id may be taken anew", async t => {
    const { id } = await t.given({ data: dataOf(["a", "1"]) })
    t.clock.advance(IDLE)
    assert.deepEqual(await t.store.sweep(t.now, 100), [id])
    const second = t.records.record({ id })
    await t.expectOutcome(create(second), applied(1))
    await t.expectStored(second)
  }),
]

const idsOf = (records: readonly { readonly id: string }[]): string[] =>
  records.map(record => record.id).sort()

/** Sweeps until nothing is left; gives up after a while, so that a store that invents ids cannot keep it busy. */
async function sweepAll(t: Trial): Promise<string[]> {
  const swept: string[] = []
  for (let round = 0; round < 20; round++) {
    const ids = await t.store.sweep(t.now, 40)
    if (ids.length === 0) break
    swept.push(...ids)
  }
  return swept
}
