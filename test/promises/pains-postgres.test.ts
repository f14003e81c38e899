import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { setImmediate as nextTurn } from "node:timers/promises"
import pg from "pg"
import { SessionManager } from "../../src/core/manager.ts"
import { createSessions } from "../../src/index.ts"
import { createPostgresStore } from "../../src/stores/postgres/index.ts"
import { eventually } from "../services/eventually.ts"
import { administrate, postgresUrl } from "../services/postgres.ts"
import { type RecordingPool, recordingPool } from "../stores/postgres/recording-pool.ts"
import { begin, logIn, opens, storedValue, times } from "./trial.ts"

const url = await postgresUrl()

/** What users of other libraries suffered from, by library and thread, about PostgreSQL. */
describe("what users of other libraries suffer from, on postgres alone", () => {
  it("pg#26, pg#200, pg#279, pg#40: nobody has to create the tables: eight nodes that start at once on an empty database all work", async () => {
    const store = `${url}?schema=nobody_made_it`
    const nodes = await Promise.all(times(8, () => createSessions({ store, nearCache: false })))
    const tokens = await Promise.all(nodes.map(node => logIn(node, "anna")))
    const [first] = nodes
    assert.ok(first)
    for (const token of tokens) assert.equal(await opens(first, token), true)
    await Promise.all(nodes.map(node => node.close()))
  })

  it("pg#26, pg#200, pg#279, pg#40: connections that the server ends, idle or in use, crash no process, and sessions go on", async t => {
    const pool = new pg.Pool({ connectionString: url, max: 4 })
    const nodes = [
      await createSessions({ store: url }),
      await createSessions({ store: await createPostgresStore({ pool }) }),
    ]
    t.after(async () => {
      await Promise.all(nodes.map(node => node.close()))
      await pool.end()
    })
    for (const node of nodes) {
      const token = await logIn(node, "anna")
      const reading = times(20, () => node.find(token.slice(0, 22)))
      const ended = administrate(
        url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
      )
      for (const read of await Promise.allSettled(reading)) {
        if (read.status === "rejected") assert.equal(read.reason.code, "ERR_SESSION_STORE_UNAVAILABLE")
      }
      assert.ok((await ended).length > 0)
      await eventually("the session again", () =>
        node.find(token.slice(0, 22)).then(
          info => info?.userId === "anna",
          () => false,
        ),
      )
    }
  })

  it("recall.ai: of many writers no commit carries a NOTIFY, which locks the whole server: only revocations and rotations do", async t => {
    const own = new pg.Pool({ connectionString: url, max: 10 })
    const pool = recordingPool(own)
    const manager = new SessionManager(await createPostgresStore({ pool, tablePrefix: "r_" }))
    t.after(async () => {
      await manager.close()
      await own.end()
    })
    const tokens = await Promise.all(times(200, () => begin(manager)))
    pool.sent.length = 0
    await Promise.all(
      tokens.map(async (token, index) => {
        // Each at a turn of its own, so that they do not all leave in one batch.
        for (let turn = 0; turn < index; turn++) await nextTurn()
        await (await manager.open(token)).set("a", index).save()
      }),
    )
    await eventually("the last notice", () => announcements(pool).length > 0)
    const writes = pool.sent.filter(({ text }) => text.includes("UPDATE"))
    assert.ok(writes.length > 10, `${writes.length} commits that write`)
    assert.deepEqual(
      writes.filter(({ text }) => text.includes("pg_notify")),
      [],
    )
    const told = announcements(pool).length
    assert.ok(told <= writes.length, `${told} commits that notify, of ${writes.length} that write`)
    pool.sent.length = 0
    const [token = ""] = tokens
    assert.equal(await storedValue(manager, token, "a"), 0)
    await manager.revoke(token.slice(0, 22))
    assert.ok(pool.sent.some(({ text }) => text.includes("DELETE") && text.includes("pg_notify")))
  })
})

/** The statements of their own that tell of changed data. */
const announcements = ({ sent }: RecordingPool) => sent.filter(({ text }) => /^SELECT pg_notify/.test(text))
