import assert from "node:assert/strict"
import { statSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { test } from "node:test"
import { setTimeout as delay } from "node:timers/promises"
import { isSessionError } from "../../../src/contract/errors.ts"
import { createSqliteStore } from "../../../src/stores/sqlite/index.ts"
import { prepareStatements } from "../../../src/stores/sqlite/statements.ts"
import { WriterThread } from "../../../src/stores/sqlite/thread.ts"
import { changes } from "../../../src/testing/index.ts"
import { aRecord, setting } from "./a-record.ts"
import { temporaryDirectory } from "./temporary-directory.ts"

const directory = await temporaryDirectory()

for (const writer of ["thread", "main"] as const) {
  test(`writer ${writer}: when one change of a batch fails in the database, none of the batch is stored`, async () => {
    const path = join(directory, `atomic-${writer}.db`)
    const store = await createSqliteStore({ path, writer })
    const [one, two] = [aRecord(), aRecord()]
    await store.apply([changes.create(one), changes.create(two)])
    const other = new DatabaseSync(path)
    other.exec(`CREATE TRIGGER refuse BEFORE UPDATE ON sojourn_sessions WHEN old.id = '${two.id}'
      BEGIN SELECT raise(ABORT, 'refused'); END`)
    await assert.rejects(store.apply([setting(one.id, "a", "1"), setting(two.id, "a", "1")]), error =>
      isSessionError(error, "ERR_SESSION_STORE_UNAVAILABLE"),
    )
    assert.deepEqual(await store.find([one.id, two.id]), [one, two])
    other.exec("DROP TRIGGER refuse")
    other.close()
    assert.deepEqual(await store.apply([setting(one.id, "a", "2")]), [{ kind: "applied", version: 2 }])
    await store.close()
  })

  test(`G12, writer ${writer}: a lock that stays is an error after busyTimeout; the event loop runs meanwhile, and reads go on`, async () => {
    const path = join(directory, `locked-${writer}.db`)
    const store = await createSqliteStore({ path, writer, busyTimeout: 200 })
    const record = aRecord()
    await store.apply([changes.create(record)])
    const other = new DatabaseSync(path)
    other.exec("BEGIN IMMEDIATE")
    let turns = 0
    const counting = setInterval(() => turns++, 5)
    const start = performance.now()
    const refused = assert.rejects(store.apply([setting(record.id, "a", "1")]), error =>
      isSessionError(error, "ERR_SESSION_STORE_TIMEOUT"),
    )
    assert.deepEqual(store.findNow(record.id), record)
    await refused
    clearInterval(counting)
    assert.ok(performance.now() - start >= 200)
    assert.ok(turns >= 10, `${turns} turns`)
    other.exec("ROLLBACK")
    other.close()
    assert.deepEqual(await store.apply([setting(record.id, "a", "1")]), [{ kind: "applied", version: 2 }])
    await store.close()
  })
}

test("a writer thread that cannot start is a typed error that names the way without one", async () => {
  const settings = {
    durability: "full",
    writer: "thread",
    busyTimeout: 100,
    tablePrefix: "sojourn_",
  } as const
  await assert.rejects(
    WriterThread.start({ ...settings, path: join(directory, "missing", "x.db") }),
    error => isSessionError(error, "ERR_SESSION_STORE_UNAVAILABLE") && /writer: "main"/.test(error.message),
  )
})

test("a lock that is released in time only delays a change", async () => {
  const path = join(directory, "delayed.db")
  const store = await createSqliteStore({ path })
  const other = new DatabaseSync(path)
  other.exec("BEGIN IMMEDIATE")
  const created = store.apply([changes.create(aRecord())])
  await delay(50)
  other.exec("COMMIT")
  other.close()
  assert.deepEqual(await created, [{ kind: "applied", version: 1 }])
  await store.close()
})

test("G12: an aborted signal ends the wait for a lock", async () => {
  const path = join(directory, "aborted.db")
  const store = await createSqliteStore({ path })
  const other = new DatabaseSync(path)
  other.exec("BEGIN IMMEDIATE")
  const start = performance.now()
  await assert.rejects(store.apply([changes.create(aRecord())], AbortSignal.timeout(50)), error =>
    isSessionError(error, "ERR_SESSION_STORE_TIMEOUT"),
  )
  assert.ok(performance.now() - start < 2000)
  other.close()
  await store.close()
})

test("G7: a touch writes the use alone: the data is neither read as JSON nor rewritten", async () => {
  const path = join(directory, "touch.db")
  const store = await createSqliteStore({ path })
  const record = aRecord()
  await store.apply([changes.create(record)])
  const other = new DatabaseSync(path)
  other.exec("UPDATE sojourn_sessions SET data = 'not decoded'")
  const seen = { at: record.lastSeenAt + 5, expiresAt: record.expiresAt + 5 }
  assert.deepEqual(await store.apply([changes.touch(record, seen)]), [{ kind: "applied", version: 1 }])
  const row = other.prepare("SELECT data, last_seen_at, expires_at FROM sojourn_sessions").get()
  assert.deepEqual({ ...row }, { data: "not decoded", last_seen_at: seen.at, expires_at: seen.expiresAt })
  other.close()
  await store.close()
})

for (const [name, pageSize] of [
  ["a file of its own", undefined],
  ["an application's file, whose page size stays", 16_384],
] as const) {
  test(`the WAL stays bounded while changes go on in ${name}`, async () => {
    const path = join(directory, `wal-${pageSize}.db`)
    if (pageSize !== undefined) createWithPages(path, pageSize)
    const store = await createSqliteStore({ path, durability: "normal" })
    const records = Array.from({ length: 200 }, () => aRecord())
    await store.apply(records.map(changes.create))
    for (let round = 0; round < 60; round++) {
      await store.apply(records.map(({ id }) => setting(id, "a", String(round).repeat(1000))))
    }
    const written = 60 * 200 * 1000
    const wal = statSync(`${path}-wal`).size
    assert.ok(wal < 24 * 1024 * 1024, `${wal} bytes of WAL after ${written}`)
    await store.close()
    assert.equal(pageSizeOf(path), pageSize ?? 2048)
  })
}

function createWithPages(path: string, pageSize: number): void {
  const database = new DatabaseSync(path)
  database.exec(`PRAGMA page_size = ${pageSize}; CREATE TABLE application (a)`)
  database.close()
}

function pageSizeOf(path: string): unknown {
  const database = new DatabaseSync(path)
  const row = database.prepare("PRAGMA page_size").get()
  database.close()
  return row?.["page_size"]
}

test("every lookup goes through an index", async () => {
  const path = join(directory, "plan.db")
  await (await createSqliteStore({ path })).close()
  const database = new DatabaseSync(path)
  const statements = prepareStatements(database, "sojourn_")
  const queries = [
    [statements.find.sourceSQL, "autoindex"],
    [statements.findData.sourceSQL, "autoindex"],
    [statements.updateData.sourceSQL, "INTEGER PRIMARY KEY"],
    [statements.touch.sourceSQL, "autoindex"],
    [statements.revoke.sourceSQL, "autoindex"],
    [statements.sweep.sourceSQL, "by_end"],
    [statements.countByUser.sourceSQL, "by_user"],
    [statements.revokeByUser.sourceSQL, "by_user"],
    [statements.countLive.sourceSQL, "COVERING INDEX sojourn_sessions_by_end"],
    [statements.countUsersSeen.sourceSQL, "COVERING INDEX sojourn_sessions_by_end"],
  ] as const
  for (const [sql, index] of queries) {
    const plan = database
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all()
      .map(row => row["detail"])
      .join("; ")
    assert.match(plan, new RegExp(`SEARCH .*${index}`), sql)
    assert.doesNotMatch(plan, /SCAN sojourn|B-TREE FOR ORDER/, sql)
  }
  database.close()
})

test("revokeAll and sweep go on over many slices and leave what was created meanwhile", async () => {
  const store = await createSqliteStore({ path: join(directory, "slices.db") })
  const old = Array.from({ length: 1200 }, () => aRecord())
  const expired = Array.from({ length: 700 }, () => aRecord({ expiresAt: Date.now() - 1 }))
  await store.apply([...old, ...expired].map(changes.create))
  assert.equal((await store.sweep(Date.now(), 600)).length, 600)
  const young = aRecord()
  const [revoked] = await Promise.all([
    store.revokeAll(),
    delay(0).then(() => store.apply([changes.create(young)])),
  ])
  assert.ok(revoked === 1200 || revoked === 1201, `${revoked} were live`)
  assert.deepEqual((await store.find(old.map(({ id }) => id))).filter(Boolean), [])
  assert.deepEqual(await store.sweep(Date.now(), 1000), [])
  await store.close()
})
