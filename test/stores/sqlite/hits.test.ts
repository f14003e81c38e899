import assert from "node:assert/strict"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { test } from "node:test"
import { createSqliteStore } from "../../../src/stores/sqlite/index.ts"
import { migrate } from "../../../src/stores/sqlite/migrations.ts"
import { SessionTable } from "../../../src/stores/sqlite/session-table.ts"
import { ManualClock } from "../../../src/testing/index.ts"
import { outputOf, start } from "./processes.ts"
import { temporaryDirectory } from "./temporary-directory.ts"

const directory = await temporaryDirectory()
const MINUTE = 60_000
const aHit = (key: string, limit = 3) => ({ key, window: MINUTE, limit, cost: 1 })

for (const writer of ["thread", "main"] as const) {
  test(`four processes that hit one limit let exactly so many pass (writer ${writer})`, async () => {
    const path = join(directory, `shared-${writer}.db`)
    const [limit, times] = [150, 100]
    const inputs = Array.from({ length: 4 }, () => ({ path, writer, limit, times }))
    const outputs = await Promise.all(inputs.map(input => outputOf(start("./hitting-child.ts", input))))
    const passed = outputs.map(Number)
    assert.equal(
      passed.reduce((sum, each) => sum + each, 0),
      limit,
      `passed in each process: ${passed}`,
    )
  })
}

test("a sweep removes the counts that have ended, however many, and leaves the others", async () => {
  const [path, clock] = [join(directory, "swept.db"), new ManualClock()]
  const store = await createSqliteStore({ path }, clock)
  const hits = Array.from({ length: 2500 }, (_, index) => aHit(`key ${index}`))
  await store.hit(hits)
  clock.advance(MINUTE)
  await store.hit([aHit("key 0"), aHit("late")])
  clock.advance(MINUTE)
  assert.deepEqual(await store.sweep(clock.now(), 0), [])
  assert.deepEqual(keysIn(path), ["key 0", "late"])
  await store.close()
})

test("a flood of refused hits writes nothing", async () => {
  const [path, clock] = [join(directory, "refused.db"), new ManualClock()]
  const store = await createSqliteStore({ path }, clock)
  await store.hit([aHit("k", 1)])
  const reader = new DatabaseSync(path)
  const version = () => reader.prepare("PRAGMA data_version").get()
  const before = version()
  const outcomes = await store.hit(Array.from({ length: 100 }, () => aHit("k", 1)))
  assert.deepEqual([...new Set(outcomes.map(({ allowed }) => allowed))], [false])
  assert.deepEqual(version(), before)
  await store.hit([aHit("k", 2)])
  assert.notDeepEqual(version(), before)
  reader.close()
  await store.close()
})

test("counting waits for no disk, and what is changed afterwards does again", () => {
  const database = new DatabaseSync(join(directory, "synced.db"))
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
  migrate(database, "sojourn_", 0)
  const synchronous = () => database.prepare("PRAGMA synchronous").get()?.["synchronous"]
  const during: unknown[] = []
  database.function("note", () => {
    during.push(synchronous())
    return 0
  })
  database.exec('CREATE TEMP TRIGGER noted AFTER INSERT ON "sojourn_hits" BEGIN SELECT note(); END')
  const table = new SessionTable(database, "sojourn_")
  table.hit([aHit("k")], MINUTE)
  assert.deepEqual([during, synchronous()], [[1], 2])
  database.exec("DROP TABLE sojourn_hits")
  assert.throws(() => table.hit([aHit("k")], MINUTE), /no such table/)
  assert.equal(synchronous(), 2)
  table.release()
})

test("the sessions of an external id and the ended counts are found by an index", () => {
  const database = new DatabaseSync(":memory:")
  migrate(database, "sojourn_", 0)
  const plan = (sql: string) =>
    database
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all("x", 1)
      .map(row => String(row["detail"]))
      .join()
  assert.match(
    plan("DELETE FROM sojourn_sessions WHERE external_id = ? AND expires_at > ? RETURNING id"),
    /USING INDEX sojourn_sessions_by_external_id/,
  )
  const ended = "SELECT key FROM sojourn_hits WHERE ends_at <= ? ORDER BY ends_at LIMIT ?"
  assert.match(plan(ended), /INDEX sojourn_hits_by_end/)
  database.close()
})

function keysIn(path: string): unknown[] {
  const database = new DatabaseSync(path, { readOnly: true })
  const rows = database.prepare('SELECT key FROM "sojourn_hits" ORDER BY key').all()
  database.close()
  return rows.map(row => row["key"])
}
