import assert from "node:assert/strict"
import { after, before, describe, it } from "node:test"
import pg from "pg"
import { isSessionError } from "../../../src/contract/errors.ts"
import { createPostgresStore, type PostgresStore } from "../../../src/stores/postgres/index.ts"
import { changes, ManualClock, RecordBuilder } from "../../../src/testing/index.ts"
import { eventually } from "../../services/eventually.ts"
import { startFaultProxy } from "../../services/fault-proxy.ts"
import { postgresUrl } from "../../services/postgres.ts"
import { waitingStatements, whileHeld } from "./held-row.ts"

const url = await postgresUrl()
const clock = new ManualClock()
const record = new RecordBuilder(clock, 1).record()
const timeout = (error: unknown): boolean => isSessionError(error, "ERR_SESSION_STORE_TIMEOUT")
const LIMIT = 300

const waiting = () => waitingStatements(url)
const holdingRow = (work: () => Promise<void>) => whileHeld(url, record.id, work)

async function expectInTime(call: () => Promise<unknown>): Promise<void> {
  const start = performance.now()
  await assert.rejects(call, timeout)
  assert.ok(performance.now() - start < LIMIT + 1500, `rejected after ${performance.now() - start} ms`)
}

const pool = new pg.Pool({ connectionString: url, max: 2 })
let own: PostgresStore
let given: PostgresStore

before(async () => {
  own = await createPostgresStore({ url, poolSize: 2, statementTimeout: LIMIT }, clock)
  given = await createPostgresStore({ pool, statementTimeout: LIMIT }, clock)
  await own.apply([changes.create(record)])
})

after(async () => {
  await own.close()
  await given.close()
  await pool.end()
})

describe("G12: a statement that waits for a lock for too long", () => {
  for (const [name, store] of [
    ["the store's own pool", () => own],
    ["a pool that was given", () => given],
  ] as const) {
    it(`is given up, ended on the server, and leaves ${name} fit for use`, async () => {
      await holdingRow(async () => {
        const calls = Array.from({ length: 6 }, () =>
          expectInTime(() => store().apply([changes.patch(record)])),
        )
        await Promise.all(calls)
        await eventually("the statements' end on the server", async () => (await waiting()) === 0)
        // The lock is still held: what does not need it is served.
        assert.deepEqual((await store().find([record.id]))[0]?.id, record.id)
      })
      const [outcome] = await store().apply([changes.patch((await store().find([record.id]))[0] ?? record)])
      assert.equal(outcome?.kind, "applied")
    })

    it(`is given up with the caller's signal, and with the caller's reason, on ${name}`, async () => {
      await holdingRow(async () => {
        const controller = new AbortController()
        const call = store().apply([changes.patch(record)], controller.signal)
        const reason = new Error("the visitor has left")
        setTimeout(() => controller.abort(reason), 50)
        await assert.rejects(
          call,
          error => timeout(error) && error instanceof Error && error.cause === reason,
        )
        await eventually("the statement's end on the server", async () => (await waiting()) === 0)
      })
    })
  }

  it("was not applied later, when the lock was free", async () => {
    const [before] = await own.find([record.id])
    await holdingRow(async () => {
      await expectInTime(() => given.apply([changes.patch(record)]))
      await eventually("the statement's end on the server", async () => (await waiting()) === 0)
    })
    assert.deepEqual(await own.find([record.id]), [before])
  })
})

describe("G12: a call", () => {
  it("that finds no free connection is given up, and takes none when one is free", async () => {
    const taken = [await pool.connect(), await pool.connect()]
    await expectInTime(() => given.find([record.id]))
    for (const client of taken) client.release()
    assert.equal((await given.find([record.id]))[0]?.id, record.id)
    await eventually(
      "the connections' return",
      async () => pool.idleCount === pool.totalCount && pool.waitingCount === 0,
    )
  })

  it("over a half-open connection is given up, and the connection discarded", async () => {
    const proxy = await startFaultProxy({ port: Number(new URL(url).port) })
    const options = { url: proxy.via(url), statementTimeout: LIMIT, poolSize: 2 }
    const store = await createPostgresStore(options, clock)
    assert.equal((await store.find([record.id]))[0]?.id, record.id)
    proxy.halfOpen()
    await expectInTime(() => store.find([record.id]))
    await expectInTime(() => store.apply([changes.patch(record)]))
    proxy.heal()
    assert.equal((await store.find([record.id]))[0]?.id, record.id)
    await store.close()
    await proxy.close()
  })
})
