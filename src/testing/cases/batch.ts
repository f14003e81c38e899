import assert from "node:assert/strict"
import type { Change } from "../../contract/change.ts"
import { create, patch, revoke, rotate, rotatePrivilege, touch } from "../changes.ts"
import { type CaseDefinition, storeCase } from "../contract-case.ts"
import { dataOf, IDLE, MINUTE } from "../record-builder.ts"
import { applied, CONFLICT, EXISTS, GONE } from "../trial.ts"

export const batchCases: readonly CaseDefinition[] = [
  storeCase("apply of no changes answers nothing", async t => {
    assert.deepEqual(await t.store.apply([]), [])
  }),

  storeCase("outcomes come in the order of the changes, whatever their kinds", async t => {
    const [a, b, c] = [
      await t.given({ version: 10 }),
      await t.given({ version: 20 }),
      await t.given({ version: 30 }),
    ]
    const [fresh, never] = [t.records.record({ version: 40 }), t.records.record()]
    const seen = { at: t.now, expiresAt: t.now + IDLE }
    const rotation = { secretHash: t.records.hash(), at: t.now }
    await t.expectOutcomes(
      [
        revoke(never),
        patch(b),
        create(a),
        touch(a, seen),
        create(fresh),
        revoke(c),
        patch(never),
        rotate(a, rotation),
      ],
      [GONE, applied(21), EXISTS, applied(10), applied(40), applied(30), GONE, applied(11)],
    )
    t.expectSame(await t.store.find([c.id, fresh.id]), [undefined, fresh])
  }),

  storeCase("changes of one session apply in the order given", async t => {
    const record = t.records.record()
    const login = t.records.login("u1")
    const secretHash = t.records.hash()
    const at = t.now
    const seen = { at: at + MINUTE, expiresAt: at + MINUTE + IDLE }
    await t.expectOutcomes(
      [
        patch(record, { set: dataOf(["a", "0"]) }),
        create(record),
        patch(record, { set: dataOf(["a", "1"], ["b", "1"]) }),
        create(record),
        patch(record, { set: dataOf(["a", "2"]), unset: ["b"], ifVersion: 2 }),
        patch(record, { set: dataOf(["a", "3"]), ifVersion: 2 }),
        rotatePrivilege(record, { secretHash, at, privilege: { login } }),
        patch(record, { set: dataOf(["a", "4"]) }),
        touch(record, seen),
        patch({ ...record, epoch: 1 }, { set: dataOf(["c", "5"]) }),
      ],
      [
        GONE,
        applied(1),
        applied(2),
        EXISTS,
        applied(3),
        CONFLICT,
        applied(4),
        CONFLICT,
        applied(4),
        applied(5),
      ],
    )
    await t.expectStored({
      ...{ ...record, version: 5, epoch: 1, generation: 1, secretHash, login },
      ...{ lastSeenAt: seen.at, expiresAt: seen.expiresAt, data: dataOf(["a", "2"], ["c", "5"]) },
    })
  }),

  storeCase("G2: what follows a revocation in the same call is gone, until a create", async t => {
    const record = await t.given({ data: dataOf(["a", "1"]) })
    const second = t.records.record({ id: record.id, version: 8 })
    await t.expectOutcomes(
      [revoke(record), patch(record), touch(record, { at: t.now, expiresAt: t.now + IDLE }), revoke(record)],
      [applied(1), GONE, GONE, GONE],
    )
    await t.expectMissing(record.id)
    await t.expectOutcomes(
      [create(second), revoke(second), create(second), patch(second)],
      [applied(8), applied(8), applied(8), applied(9)],
    )
    await t.expectStored({ ...second, version: 9 })
  }),

  storeCase("one key set again and again in one call keeps the last value", async t => {
    const record = await t.given()
    const changes = Array.from({ length: 50 }, (_, index) =>
      patch(record, { set: dataOf(["a", `${index}`]) }),
    )
    await t.expectOutcomes(
      changes,
      changes.map((_, index) => applied(index + 2)),
    )
    await t.expectStored({ ...record, version: 51, data: dataOf(["a", "49"]) })
  }),

  storeCase("a conflict or a missing session in a call leaves its other changes alone", async t => {
    const [a, b] = [await t.given(), await t.given()]
    const set = dataOf(["k", "1"])
    const changes = [
      patch(a, { set }),
      patch(b, { set, ifVersion: 9 }),
      patch(t.records.record()),
      patch(b, { set }),
    ]
    await t.expectOutcomes(changes, [applied(2), CONFLICT, GONE, applied(2)])
    await t.expectStored({ ...a, version: 2, data: set }, { ...b, version: 2, data: set })
  }),

  storeCase("a call of 1,000 changes of 250 sessions", async t => {
    const records = t.records.records(250)
    const seen = { at: t.now + 1, expiresAt: t.now + IDLE + 1 }
    const of = (make: (index: number) => Change) => records.map((_, index) => make(index))
    const at = (index: number) => records[index] ?? t.records.record()
    await t.expectOutcomes(
      [
        ...of(index => create(at(index))),
        ...of(index => patch(at(249 - index), { set: dataOf(["n", `${249 - index}`]) })),
        ...of(index => touch(at(index), seen)),
        ...of(index => (index % 2 === 0 ? patch(at(index), { ifVersion: 2 }) : revoke(at(index)))),
      ],
      [1, 2, 2, 3].flatMap(version =>
        records.map((_, index) => applied(version === 3 && index % 2 ? 2 : version)),
      ),
    )
    const used = { lastSeenAt: seen.at, expiresAt: seen.expiresAt, version: 3 }
    const expected = records.map((record, index) =>
      index % 2 === 0 ? { ...record, ...used, data: dataOf(["n", `${index}`]) } : undefined,
    )
    t.expectSame(await t.store.find(records.map(record => record.id)), expected)
  }),
]
