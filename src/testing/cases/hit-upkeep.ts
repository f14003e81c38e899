import assert from "node:assert/strict"
import { isClearable } from "../../contract/store.ts"
import { capabilityCase, HITS } from "../capability-case.ts"
import { revoke } from "../changes.ts"
import type { CaseDefinition } from "../contract-case.ts"
import { HOUR, IDLE, MINUTE, SECOND } from "../record-builder.ts"
import { applied } from "../trial.ts"
import { aHit, expectAllowed } from "./hits.ts"

/** What the passing of time, a sweep and the sessions make of the counts. */
export const hitUpkeepCases: readonly CaseDefinition[] = [
  capabilityCase(
    HITS,
    "the window before counts for the part that the sliding window still covers",
    async t => {
      const start = t.now
      const [full, more] = [aHit({ limit: 60, cost: 60 }), aHit({ limit: 60, cost: 10 })]
      await expectAllowed(t, [full], [true])
      t.clock.advance(MINUTE)
      await expectAllowed(t, [aHit({ limit: 60 })], [false])
      t.clock.advance(10 * SECOND - 1)
      await expectAllowed(t, [more], [false])
      t.clock.advance(1)
      const [first] = await expectAllowed(t, [more, aHit({ limit: 60 })], [true, false])
      assert.deepEqual(first, { windowStart: start + MINUTE, current: 10, previous: 60, allowed: true })
      t.clock.advance(49 * SECOND)
      await expectAllowed(t, [aHit({ limit: 60, cost: 49 }), aHit({ limit: 60 })], [true, false])
      t.clock.advance(SECOND)
      const [next] = await expectAllowed(t, [aHit({ limit: 60 })], [true])
      assert.deepEqual(next, { windowStart: start + 2 * MINUTE, current: 1, previous: 59, allowed: true })
    },
  ),

  capabilityCase(HITS, "a key that was left alone for a whole window begins anew", async t => {
    t.clock.advance(MINUTE - 1)
    await expectAllowed(t, [aHit({ cost: 3 })], [true])
    t.clock.advance(MINUTE + 1)
    const [anew] = await expectAllowed(t, [aHit({ cost: 3 })], [true])
    assert.deepEqual(anew, { windowStart: t.now, current: 3, previous: 0, allowed: true })
  }),

  capabilityCase(
    HITS,
    "a clock that steps back by up to a window frees nothing and begins no window",
    async t => {
      await expectAllowed(t, [aHit({ cost: 3 })], [true])
      t.clock.advance(MINUTE + 40 * SECOND)
      const [counted] = await expectAllowed(t, [aHit({ cost: 2 })], [true])
      t.clock.advance(-20 * SECOND)
      await expectAllowed(t, [aHit()], [false])
      t.clock.advance(-70 * SECOND)
      const [refused] = await expectAllowed(t, [aHit()], [false])
      assert.deepEqual(refused, { ...counted, allowed: false })
    },
  ),

  capabilityCase(
    HITS,
    "what a clock far ahead has counted slides out within one window of the present",
    async t => {
      const start = t.now
      t.clock.advance(HOUR)
      await expectAllowed(t, [aHit({ cost: 3 })], [true])
      t.clock.advance(-HOUR)
      const [refused] = await expectAllowed(t, [aHit()], [false])
      assert.deepEqual(refused, { windowStart: start, current: 0, previous: 3, allowed: false })
      t.clock.advance(20 * SECOND)
      await expectAllowed(t, [aHit(), aHit()], [true, false])
      t.clock.advance(40 * SECOND)
      const [after] = await expectAllowed(t, [aHit({ cost: 2 })], [true])
      assert.deepEqual(after, { windowStart: start + MINUTE, current: 2, previous: 1, allowed: true })
    },
  ),

  capabilityCase(HITS, "a sweep keeps every count that a window still reaches", async t => {
    const start = t.now
    await expectAllowed(t, [aHit({ cost: 3 }), aHit({ key: "long", window: HOUR, cost: 3 })], [true, true])
    t.clock.advance(2 * MINUTE - 1)
    await t.store.sweep(t.now, 100)
    const outcomes = await expectAllowed(
      t,
      [aHit({ cost: 3 }), aHit({ key: "long", window: HOUR })],
      [false, false],
    )
    assert.deepEqual(
      outcomes.map(({ windowStart, current, previous }) => [windowStart, current, previous]),
      [
        [start + MINUTE, 0, 3],
        [start, 3, 0],
      ],
    )
  }),

  capabilityCase(HITS, "a sweep goes by the moment it is given, for counts too", async t => {
    await expectAllowed(t, [aHit({ cost: 3 })], [true])
    t.clock.advance(MINUTE)
    await t.store.sweep(t.now - MINUTE, 100)
    const [outcome] = await expectAllowed(t, [aHit()], [false])
    assert.equal(outcome?.previous, 3)
  }),

  capabilityCase(HITS, "a sweep tells sessions only, and keeps to its limit of them", async t => {
    const records = await t.givenAll(t.records.records(3))
    const living = await t.given({ expiresAt: t.now + HOUR })
    const keys = [...records, living].map(({ id }) => id)
    await t.store.hit([...keys, "k"].map(key => aHit({ key })))
    t.clock.advance(IDLE)
    const swept = [...(await t.store.sweep(t.now, 2)), ...(await t.store.sweep(t.now, 2))]
    assert.deepEqual(swept.sort(), records.map(({ id }) => id).sort())
    assert.deepEqual(await t.store.sweep(t.now, 2), [])
    await t.expectStored(living)
  }),

  capabilityCase(HITS, "counts and sessions of one name do not meet", async t => {
    const record = await t.given({ login: t.records.login("ada") })
    const hit = aHit({ key: record.id })
    await expectAllowed(t, [hit, hit], [true, true])
    await t.expectStored(record)
    await t.expectOutcome(revoke(record), applied(1))
    await expectAllowed(t, [hit, hit], [true, false])
    await t.expectMissing(record.id)
  }),

  capabilityCase(HITS, "ending sessions, one or all, frees no rate limit", async t => {
    const record = await t.given()
    const hit = aHit({ key: "ada", cost: 3 })
    await expectAllowed(t, [hit], [true])
    await t.expectOutcome(revoke(record), applied(1))
    if (isClearable(t.store)) await t.store.revokeAll()
    await expectAllowed(t, [hit], [false])
  }),
]
