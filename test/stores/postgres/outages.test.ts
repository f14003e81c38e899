import assert from "node:assert/strict"
import { after, before, describe, it } from "node:test"
import pg from "pg"
import { isSessionError } from "../../../src/contract/errors.ts"
import { createPostgresStore, type PostgresStore } from "../../../src/stores/postgres/index.ts"
import { changes, dataOf, ManualClock, RecordBuilder } from "../../../src/testing/index.ts"
import { eventually } from "../../services/eventually.ts"
import { administrate, type PostgresServer, startPostgres } from "../../services/postgres.ts"

const clock = new ManualClock()
const record = new RecordBuilder(clock, 1).record()

let server: PostgresServer
let store: PostgresStore
let pool: pg.Pool
let sharing: PostgresStore

before(async () => {
  server = await startPostgres()
  store = await createPostgresStore({ url: server.url, statementTimeout: 2000, poolSize: 3 }, clock)
  pool = new pg.Pool({ connectionString: server.url, max: 3 })
  sharing = await createPostgresStore({ pool, statementTimeout: 2000 }, clock)
  await store.apply([changes.create(record)])
})

after(async () => {
  // Its end does not wait for connections that say goodbye, and the server cuts off those that are left.
  pool.on("error", () => {})
  await Promise.all([store.close(), sharing.close()])
  await pool.end()
  await server.stop()
})

/** Fills both pools with idle connections. */
const warmUp = () =>
  Promise.all([store, sharing].flatMap(each => Array.from({ length: 3 }, () => each.find([record.id]))))

const isUp = async (each: PostgresStore): Promise<boolean> => {
  try {
    return (await each.find([record.id]))[0] !== undefined
  } catch (error) {
    assert.ok(isSessionError(error), `rejected with ${error}`)
    assert.match(error.code, /^ERR_SESSION_STORE_(UNAVAILABLE|TIMEOUT)$/)
    return false
  }
}

const expectBack = async () => {
  for (const each of [store, sharing]) await eventually("the store's return", () => isUp(each))
}

describe("the store survives", () => {
  it("that the server ends its idle connections", async () => {
    await warmUp()
    await administrate(
      server.url,
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'",
    )
    await expectBack()
    await eventually(
      "the counted losses",
      async () => Number(store.counters()["postgres"]?.["lostConnections"]) > 0,
    )
  })

  it("that the server ends a connection in the middle of a statement", async () => {
    await holding(async () => {
      const call = store.apply([changes.patch(record)])
      const terminated = eventually("the end of what waits", async () => {
        const rows = await administrate(
          server.url,
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'",
        )
        return rows.length > 0
      })
      await assert.rejects(call, error => isSessionError(error, "ERR_SESSION_STORE_UNAVAILABLE"))
      await terminated
    })
    await expectBack()
  })

  it("a restart of the server: calls meanwhile fail with a code, later ones work, and what was acknowledged is there", async () => {
    await warmUp()
    const kept = dataOf(["kept", "yes"])
    assert.deepEqual(await store.apply([changes.patch(record, { set: kept })]), [
      { kind: "applied", version: 2 },
    ])
    const restarted = server.restart()
    for (let call = 0; call < 20; call++) await isUp(store)
    await restarted
    await expectBack()
    assert.deepEqual((await store.find([record.id]))[0]?.data, kept)
  })

  it("the death of the server, with kill -9 and under load", async () => {
    await warmUp()
    const load = Array.from({ length: 20 }, () => isUp(store))
    await server.kill()
    await Promise.all(load)
    await assert.rejects(store.find([record.id]), error =>
      isSessionError(error, "ERR_SESSION_STORE_UNAVAILABLE"),
    )
    await server.restart()
    await expectBack()
    assert.deepEqual((await store.find([record.id]))[0]?.data, dataOf(["kept", "yes"]))
  })
})

async function holding(work: () => Promise<void>): Promise<void> {
  const holder = new pg.Client({ connectionString: server.url })
  await holder.connect()
  await holder.query("BEGIN")
  await holder.query("SELECT 1 FROM sojourn_sessions FOR UPDATE")
  try {
    await work()
  } finally {
    await holder.end()
  }
}
