import assert from "node:assert/strict"
import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { test } from "node:test"
import { isSessionError, type SessionErrorCode } from "../../../src/contract/errors.ts"
import { loadSqlite } from "../../../src/stores/sqlite/database.ts"
import { sqliteError } from "../../../src/stores/sqlite/errors.ts"
import { createSqliteStore } from "../../../src/stores/sqlite/index.ts"
import { changes } from "../../../src/testing/index.ts"
import { aRecord } from "./a-record.ts"
import { temporaryDirectory } from "./temporary-directory.ts"

const directory = await temporaryDirectory()
const failure =
  (code: SessionErrorCode, part: RegExp) =>
  (error: unknown): boolean =>
    isSessionError(error, code) && part.test(error.message)

test("the database, its WAL and its shared memory are readable by their owner alone", async () => {
  const path = join(directory, "mode.db")
  const store = await createSqliteStore({ path })
  await store.apply([changes.create(aRecord())])
  for (const suffix of ["", "-wal", "-shm"]) assert.equal(statSync(path + suffix).mode & 0o777, 0o600, suffix)
  await store.close()
})

test("an existing file keeps the mode that its owner gave it", async () => {
  const path = join(directory, "shared.db")
  writeFileSync(path, "", { mode: 0o640 })
  await (await createSqliteStore({ path })).close()
  assert.equal(statSync(path).mode & 0o777, 0o640)
})

test("a missing directory is refused, and the message says to create it", async () => {
  const path = join(directory, "missing", "x.db")
  await assert.rejects(createSqliteStore({ path }), failure("ERR_SESSION_CONFIG", /Create its directory/))
})

test("a directory in the file's place is refused", async () => {
  const path = join(directory, "directory.db")
  mkdirSync(path)
  await assert.rejects(
    createSqliteStore({ path }),
    failure("ERR_SESSION_STORE_UNAVAILABLE", /cannot be opened/),
  )
})

test("a file that is no database is refused and left as it is", async () => {
  const path = join(directory, "text.db")
  writeFileSync(path, "these are no sessions\n".repeat(100))
  await assert.rejects(
    createSqliteStore({ path }),
    failure("ERR_SESSION_STORE_CORRUPT", /not a SQLite database.*another file/),
  )
  assert.equal(statSync(path).size, 2200)
})

test("a damaged database is refused with what to do", async () => {
  const path = join(directory, "damaged.db")
  const store = await createSqliteStore({ path })
  const records = Array.from({ length: 500 }, () => aRecord())
  await store.apply(records.map(changes.create))
  await store.close()
  const size = statSync(path).size
  writeFileSync(path, Buffer.alloc(size - 4096, 0xa5), { flag: "r+", flush: true })
  const header = Buffer.from("SQLite format 3\0")
  writeFileSync(path, header, { flag: "r+" })
  await assert.rejects(
    createSqliteStore({ path }),
    failure("ERR_SESSION_STORE_CORRUPT", /another file|restore/),
  )
})

test("a row that cannot be decoded is an error that names the session, not a missing session", async () => {
  const path = join(directory, "row.db")
  const store = await createSqliteStore({ path })
  const record = aRecord()
  await store.apply([changes.create(record)])
  const other = new DatabaseSync(path)
  for (const data of ["[[", "[[1]]", "{}"]) {
    other.prepare("UPDATE sojourn_sessions SET data = ?").run(data)
    assert.throws(() => store.findNow(record.id), failure("ERR_SESSION_STORE_CORRUPT", new RegExp(record.id)))
  }
  other.close()
  await store.close()
})

test("a schema newer than the library's is refused and left as it is", async () => {
  const path = join(directory, "newer.db")
  await (await createSqliteStore({ path })).close()
  const other = new DatabaseSync(path)
  other.exec("INSERT INTO sojourn_migrations (version, applied_at) VALUES (99, 0)")
  other.close()
  await assert.rejects(
    createSqliteStore({ path }),
    failure("ERR_SESSION_STORE_CORRUPT", /version 99.*Update sojourn/),
  )
})

test("two prefixes in one file are two stores", async () => {
  const path = join(directory, "prefixes.db")
  const one = await createSqliteStore({ path, tablePrefix: "one_" })
  const two = await createSqliteStore({ path, tablePrefix: "two_" })
  const record = aRecord()
  await one.apply([changes.create(record)])
  assert.equal((await one.find([record.id]))[0]?.id, record.id)
  assert.deepEqual(await two.find([record.id]), [undefined])
  await Promise.all([one.close(), two.close()])
})

test("without node:sqlite the error says which Node is needed", async () => {
  const load = () =>
    Promise.reject(Object.assign(new Error("No such module"), { code: "ERR_UNKNOWN_BUILTIN_MODULE" }))
  await assert.rejects(loadSqlite(load), failure("ERR_SESSION_UNSUPPORTED", /22\.13/))
})

test("close leaves one file, with everything in it", async () => {
  const path = join(directory, "closed.db")
  const store = await createSqliteStore({ path })
  await store.apply([changes.create(aRecord())])
  await Promise.all([store.close(), store.close()])
  assert.deepEqual([existsSync(`${path}-wal`), existsSync(`${path}-shm`)], [false, false])
  assert.throws(() => store.findNow("x"), failure("ERR_SESSION_CLOSED", /closed/))
  await assert.rejects(store.countLive(), failure("ERR_SESSION_CLOSED", /closed/))
})

test("a full disk, a read-only file and what else SQLite reports have their codes", () => {
  const full = new DatabaseSync(":memory:")
  full.exec("CREATE TABLE t (x); PRAGMA max_page_count = 3")
  assert.throws(
    () => {
      run(full, "INSERT INTO t VALUES (zeroblob(100000))")
    },
    failure("ERR_SESSION_STORE_UNAVAILABLE", /no room left.*Free space/),
  )
  full.close()

  const path = join(directory, "read-only.db")
  new DatabaseSync(path).close()
  const readOnly = new DatabaseSync(path, { readOnly: true })
  assert.throws(
    () => {
      run(readOnly, "CREATE TABLE t (x)")
    },
    failure("ERR_SESSION_STORE_UNAVAILABLE", /write access/),
  )
  readOnly.close()
})

function run(database: DatabaseSync, sql: string): void {
  try {
    database.exec(sql)
  } catch (error) {
    throw sqliteError(error, "x.db")
  }
}
