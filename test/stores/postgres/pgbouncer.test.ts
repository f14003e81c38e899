import assert from "node:assert/strict"
import { after, describe, it } from "node:test"
import pg from "pg"
import { isSessionError } from "../../../src/contract/errors.ts"
import { createPostgresStore } from "../../../src/stores/postgres/index.ts"
import { changes, ManualClock, RecordBuilder } from "../../../src/testing/index.ts"
import { eventually } from "../../services/eventually.ts"
import { administrate, postgresUrl } from "../../services/postgres.ts"
import { startPgBouncer } from "./pgbouncer.ts"

const direct = await postgresUrl()
const bouncer = await startPgBouncer(direct)
after(() => bouncer.stop())
const { url } = bouncer

const clock = new ManualClock()
const records = new RecordBuilder(clock, 1)
const tellsWhatToSet = (error: unknown): boolean =>
  isSessionError(error, "ERR_SESSION_STORE_UNAVAILABLE") &&
  /PgBouncer.*prepare: false.*listenUrl/.test(error.message)

describe("PgBouncer in transaction mode", () => {
  it("without prepare: false is refused when the store opens its own connections: the error says what to set", async () => {
    await assert.rejects(createPostgresStore({ url }, clock), tellsWhatToSet)
  })

  it("without prepare: false makes statements fail on a pool that was given: the error says what to set", async () => {
    const pool = new pg.Pool({ connectionString: url, max: 8 })
    const store = await createPostgresStore({ pool }, clock)
    const failures: unknown[] = []
    await eventually("a statement that meets another connection", async () => {
      const calls = Array.from({ length: 16 }, () => store.find([records.id()]))
      for (const call of await Promise.allSettled(calls))
        if (call.status === "rejected") failures.push(call.reason)
      return failures.length > 0
    })
    assert.ok(failures.every(tellsWhatToSet), String(failures.find(failure => !tellsWhatToSet(failure))))
    await store.close()
    await pool.end()
  })

  it("carries the notices of changes to a feed that listens on the server itself", async () => {
    const store = await createPostgresStore({ url, schema: "fed", prepare: false, listenUrl: direct }, clock)
    const heard: string[] = []
    const observer = {
      connected: () => heard.push("connected"),
      disconnected: () => heard.push("disconnected"),
      heartbeat: () => {},
      notice: (notice: { readonly kind: string }) => heard.push(notice.kind),
    }
    store.observe(observer, { heartbeatInterval: 200 })
    await eventually("the feed's connection", async () => heard.includes("connected"))
    const record = records.record()
    await store.apply([changes.create(record), changes.patch(record), changes.revoke(record)])
    await eventually("the notices", async () => heard.includes("revoked") && heard.includes("changed"))
    await store.close()
  })

  it("passes on the cancelling of what waits for too long", async () => {
    const store = await createPostgresStore({ url, prepare: false, statementTimeout: 300 }, clock)
    const record = records.record()
    await store.apply([changes.create(record)])
    const holder = new pg.Client({ connectionString: direct })
    await holder.connect()
    await holder.query("BEGIN")
    await holder.query("SELECT 1 FROM sojourn_sessions FOR UPDATE")
    const calls = Array.from({ length: 3 }, () => store.apply([changes.patch(record)]))
    for (const call of await Promise.allSettled(calls)) {
      assert.ok(call.status === "rejected" && isSessionError(call.reason, "ERR_SESSION_STORE_TIMEOUT"))
    }
    await eventually("the statements' end on the server", async () => {
      const rows = await administrate(direct, "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
      return rows.length === 0
    })
    assert.equal((await store.find([record.id]))[0]?.id, record.id)
    await holder.end()
    await store.close()
  })
})
