import assert from "node:assert/strict"
import { after, describe, it } from "node:test"
import pg from "pg"
import type { Change } from "../../../src/contract/change.ts"
import type { SessionRecord } from "../../../src/contract/record.ts"
import { createPostgresStore } from "../../../src/stores/postgres/index.ts"
import { changes, dataOf, ManualClock, RecordBuilder } from "../../../src/testing/index.ts"
import { administrate, postgresUrl } from "../../services/postgres.ts"
import { recordingPool } from "./recording-pool.ts"

const url = await postgresUrl()
const clock = new ManualClock()
const records = new RecordBuilder(clock, 1)

const pgPool = new pg.Pool({ connectionString: url, max: 8 })
const pool = recordingPool(pgPool)
const store = await createPostgresStore({ pool, announce: false }, clock)
after(async () => {
  await store.close()
  await pgPool.end()
})

async function given(...fields: Parameters<typeof records.record>): Promise<SessionRecord> {
  const record = records.record(...fields)
  await store.apply([changes.create(record)])
  return record
}

/** How many statements the changes cost, each call's after the other's. */
async function statementsOf(...calls: Change[][]): Promise<number[]> {
  const counts: number[] = []
  for (const call of calls) {
    pool.sent.length = 0
    await store.apply(call)
    counts.push(pool.sent.length)
  }
  return counts
}

const set = dataOf(["a", "1"])

describe("a patch that sets keys and does nothing else", () => {
  it("is one statement; of a session with keys that have ended it is two, once", async () => {
    const ending = new Map([["code", { text: "1", expiresAt: clock.now() + 1000 }]])
    const [one, other] = [await given({ data: ending }), await given()]
    const patches = () => [changes.patch(one, { set }), changes.patch(other, { set })]
    assert.deepEqual(await statementsOf(patches(), [changes.patch(one, { set })]), [1, 1])
    clock.advance(1000)
    assert.deepEqual(await statementsOf(patches(), patches()), [2, 1])
    const [row] = await administrate(url, `SELECT data FROM sojourn_sessions WHERE id = '${one.id}'`)
    assert.deepEqual(row?.["data"], { a: "1" })
  })

  it("is told why it was refused, and the others of its call are applied", async () => {
    const [one, moved, never] = [await given(), await given(), records.record()]
    const stale = { ...moved, epoch: moved.epoch + 1 }
    const outcomes = await store.apply([stale, never, one].map(record => changes.patch(record, { set })))
    assert.deepEqual(outcomes, [{ kind: "conflict" }, { kind: "gone" }, { kind: "applied", version: 2 }])
    assert.deepEqual(await store.apply([changes.patch(stale, { set })]), [{ kind: "conflict" }])
    assert.deepEqual(await store.apply([changes.patch(never, { set })]), [{ kind: "gone" }])
  })
})
