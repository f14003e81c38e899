import assert from "node:assert/strict"
import { after, describe, it } from "node:test"
import type { Change, Outcome } from "../../../src/contract/change.ts"
import type { SessionRecord } from "../../../src/contract/record.ts"
import { createPostgresStore } from "../../../src/stores/postgres/index.ts"
import { changes, dataOf, ManualClock, RecordBuilder } from "../../../src/testing/index.ts"
import { eventually } from "../../services/eventually.ts"
import { postgresUrl } from "../../services/postgres.ts"
import { waitingStatements, whileHeld } from "./held-row.ts"

const url = await postgresUrl()
const clock = new ManualClock()
const records = new RecordBuilder(clock, 1)
const store = await createPostgresStore({ url, announce: false }, clock)
after(() => store.close())

const MINUTE = 60_000
const set = dataOf(["a", "1"])
const seen = () => ({ at: clock.now(), expiresAt: clock.now() + 30 * MINUTE })

/**
 * Changes a session at its end, together with others, while another node's touch, which was judged just before that end, holds its
 * row; and then that touch is committed.
 */
async function applyBesideTouch(
  ending: SessionRecord,
  others: readonly SessionRecord[],
  make: (record: SessionRecord) => Change,
): Promise<Outcome[]> {
  await store.apply([ending, ...others].map(changes.create))
  const touched = [ending.id, ending.expiresAt + 30 * MINUTE, ending.expiresAt - 1]
  return await whileHeld(url, ending.id, async holder => {
    await holder.query(
      "UPDATE sojourn_sessions SET expires_at = $2, last_seen_at = $3 WHERE id = $1 AND expires_at > $3",
      touched,
    )
    clock.advance(ending.expiresAt - clock.now())
    const call = store.apply([ending, ...others].map(make))
    await eventually("the wait for the row", async () => (await waitingStatements(url)) === 1)
    await holder.query("COMMIT")
    return await call
  })
}

const ending = () => records.record({ expiresAt: clock.now() + 1000 })

describe("a session that is prolonged while a batch waits for its row at its old end", () => {
  const kinds: readonly (readonly [string, (record: SessionRecord) => Change, number])[] = [
    ["touched", record => changes.touch(record, seen()), 1],
    ["patched", record => changes.patch(record, { set, seen: seen() }), 2],
    ["given a key", record => changes.patch(record, { set }), 2],
    ["rotated", record => changes.rotate(record, { secretHash: "h", at: clock.now() }), 2],
  ]
  for (const [name, make, version] of kinds) {
    it(`is ${name}, as the one beside it`, async () => {
      const outcomes = await applyBesideTouch(ending(), [records.record()], make)
      assert.deepEqual(outcomes, [
        { kind: "applied", version },
        { kind: "applied", version },
      ])
    })
  }

  for (const [name, others] of [
    ["alone", 0],
    ["with another", 1],
  ] as const) {
    it(`G2: is revoked, ${name}`, async () => {
      const [record, beside] = [ending(), records.records(others)]
      const outcomes = await applyBesideTouch(record, beside, changes.revoke)
      assert.deepEqual(
        outcomes,
        [record, ...beside].map(() => ({ kind: "applied", version: 1 })),
      )
      assert.deepEqual(await store.find([record.id]), [undefined])
    })
  }
})

it("a revocation of many leaves those that have expired to the sweep", async () => {
  const expired = records.records(2, { expiresAt: clock.now() + 1000 })
  await store.apply(expired.map(changes.create))
  clock.advance(1000)
  const gone = { kind: "gone" }
  assert.deepEqual(await store.apply(expired.map(changes.revoke)), [gone, gone])
  const swept = await store.sweep(clock.now(), 100)
  assert.ok(expired.every(({ id }) => swept.includes(id)))
})
