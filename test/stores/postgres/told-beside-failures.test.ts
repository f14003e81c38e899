import assert from "node:assert/strict"
import { after, describe, it } from "node:test"
import pg from "pg"
import { isSessionError } from "../../../src/contract/errors.ts"
import type { SessionRecord } from "../../../src/contract/record.ts"
import { createPostgresStore, type PostgresPool } from "../../../src/stores/postgres/index.ts"
import { changes, dataOf, ManualClock, RecordBuilder } from "../../../src/testing/index.ts"
import { postgresUrl } from "../../services/postgres.ts"
import { listenTo } from "./hearing.ts"
import { whileHeld } from "./held-row.ts"

const url = await postgresUrl()
const clock = new ManualClock()
const records = new RecordBuilder(clock, 1)
const pgPool = new pg.Pool({ connectionString: url })
const hearing = await listenTo(url)
after(async () => {
  await hearing.stop()
  await pgPool.end()
})

/** Refuses every statement of this beginning. */
const poolWithout = (beginning: string): PostgresPool => ({
  async connect() {
    const client = await pgPool.connect()
    return {
      release: error => client.release(error),
      query: query =>
        query.text.startsWith(beginning) ? Promise.reject(new Error("no")) : client.query(query),
    }
  },
})

const set = dataOf(["a", "1"])
const changed = ({ id }: SessionRecord) => ({ kind: "changed", id, version: 2 })

describe("what a call has stored is announced, although it fails", () => {
  for (const [name, fields] of [
    ["a patch that sets a key", { set }],
    ["a patch that takes one out", { set, unset: ["b"] }],
  ] as const) {
    it(`${name}, beside a touch that waits for too long`, async () => {
      const store = await createPostgresStore({ url, statementTimeout: 300 }, clock)
      const [patched, held] = [records.record(), records.record()]
      await store.apply([changes.create(patched), changes.create(held)])
      hearing.heard.length = 0
      const seen = { at: clock.now(), expiresAt: clock.now() + 1000 }
      const batch = [changes.patch(patched, fields), changes.touch(held, seen)]
      await whileHeld(url, held.id, () =>
        assert.rejects(store.apply(batch), error => isSessionError(error, "ERR_SESSION_STORE_TIMEOUT")),
      )
      // Closing waits for what is yet to be told.
      await store.close()
      await hearing.caughtUp()
      assert.deepEqual(hearing.heard, [changed(patched)])
    })
  }

  it("a patch that sets a key, beside one that needs another statement, which fails", async () => {
    const store = await createPostgresStore({ pool: poolWithout("WITH i AS") }, clock)
    const [patched, moved] = [records.record(), records.record()]
    await store.apply([changes.create(patched), changes.create(moved)])
    hearing.heard.length = 0
    const batch = [changes.patch({ ...moved, epoch: 9 }, { set }), changes.patch(patched, { set })]
    await assert.rejects(store.apply(batch))
    await store.close()
    await hearing.caughtUp()
    assert.deepEqual(hearing.heard, [changed(patched)])
  })
})

it("what could not be announced is counted by notices", async () => {
  const store = await createPostgresStore({ pool: poolWithout("SELECT pg_notify") }, clock)
  const many = records.records(3)
  await store.apply(many.map(changes.create))
  await store.apply(many.map(record => changes.patch(record, { set })))
  await store.close()
  assert.equal(store.counters()["postgres"]?.["untold"], 3)
})
