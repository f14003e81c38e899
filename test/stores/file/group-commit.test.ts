import assert from "node:assert/strict"
import { readFile, rm, stat } from "node:fs/promises"
import { join } from "node:path"
import { afterEach, test } from "node:test"
import { openStore } from "../../../src/stores/file/open-store.ts"
import { type FileStoreOptions, resolveOptions } from "../../../src/stores/file/options.ts"
import { changes, dataOf } from "../../../src/testing/index.ts"
import { ObservedFiles } from "./observed-files.ts"
import { setKey, surroundings, textOf } from "./sessions.ts"
import { temporaryDirectory } from "./temporary-directory.ts"

const path = join(await temporaryDirectory(), "sessions.txt")
const { clock, records } = surroundings()
afterEach(() => rm(path, { force: true }))

async function open(options: FileStoreOptions = {}) {
  const files = new ObservedFiles()
  const store = await openStore(resolveOptions({ path, ...options }), clock, files)
  files.forget()
  return { files, store }
}

test("calls that come together share one write and one sync", async () => {
  const { files, store } = await open()
  await Promise.all(records.records(64).map(record => store.apply([changes.create(record)])))
  assert.deepEqual(files.calls, ["write", "datasync"])
  await store.close()
})

test("calls that come while a sync is on its way share the next one", async () => {
  const { files, store } = await open()
  const late: Promise<unknown>[] = []
  files.fault = call => {
    if (call === "datasync" && late.length === 0) {
      for (const record of records.records(20)) late.push(store.apply([changes.create(record)]))
    }
    return undefined
  }
  await store.apply([changes.create(records.record())])
  await Promise.all(late)
  assert.deepEqual(files.calls, ["write", "datasync", "write", "datasync"])
  await store.close()
})

test("G1: a change builds on those before it, though they are still on their way to the disk", async () => {
  const { files, store } = await open()
  const record = records.record()
  await store.apply([changes.create(record)])
  const outcomes: Promise<unknown>[] = []
  const patch = (ifVersion: number) => {
    outcomes.push(store.apply([changes.patch(record, { ifVersion })]))
    return undefined
  }
  files.fault = call => (call === "datasync" && outcomes.length < 4 ? patch(outcomes.length + 1) : undefined)
  patch(1)
  for (let round = 0; round < 4; round++) await Promise.all(outcomes)
  const versions = [2, 3, 4, 5].map(version => [{ kind: "applied", version }])
  assert.deepEqual(await Promise.all(outcomes), versions)
  await store.close()
})

test("G2: revoking a user ends the sessions whose login is still on its way to the disk", async () => {
  const { store } = await open()
  const [fresh, known] = records.records(2)
  assert.ok(fresh && known)
  await store.apply([changes.create(known)])
  const fields = { secretHash: records.hash(), at: clock.now(), privilege: { login: records.login("u1") } }
  const logins = store.apply([
    changes.create({ ...fresh, login: records.login("u1") }),
    changes.rotatePrivilege(known, fields),
  ])
  const revoked = await store.revokeByUser("u1")
  assert.deepEqual([...revoked].sort(), [fresh.id, known.id].sort())
  assert.equal((await logins).length, 2)
  assert.equal(await store.countLive(), 0)
  await store.close()
})

test("G7: a touch is written but waits for no sync, unless it confirms a secret", async () => {
  const { files, store } = await open()
  const record = records.record()
  await store.apply([changes.create(record)])
  files.forget()
  const seen = { at: clock.now() + 1, expiresAt: record.expiresAt + 1 }
  await store.apply([changes.touch(record, seen)])
  assert.deepEqual(files.calls, ["write"])
  await store.apply([changes.touch(record, seen, record.generation)])
  assert.deepEqual(files.calls, ["write", "write", "datasync"])
  await store.close()
})

test("a patch writes the changed keys and not the session", async () => {
  const { store } = await open()
  const record = records.record({ data: dataOf(["large", "x".repeat(5000)]) })
  await store.apply([changes.create(record)])
  const before = (await stat(path)).size
  await store.apply([setKey(record, "small", "1")])
  const line = (await readFile(path)).subarray(before).toString()
  assert.ok(line.length < 200, line)
  assert.deepEqual(JSON.parse(line).entry.set, [["small", "1"]])
  await store.close()
})

test("changes that apply to nothing write nothing", async () => {
  const { files, store } = await open()
  const [record, missing] = records.records(2)
  assert.ok(record && missing)
  await store.apply([changes.create(record)])
  files.forget()
  await store.apply([changes.revoke(missing), setKey(missing, "a", "1"), changes.create(record)])
  await store.sweep(clock.now(), 10)
  await store.revokeByUser("nobody")
  assert.deepEqual(files.calls, [])
  await store.close()
})

test("the file is compacted when garbage outweighs live data, and only then", async () => {
  const { files, store } = await open({ compactAfter: 5000, compactFactor: 1 })
  const kept = records.records(20)
  await store.apply(kept.map(changes.create))
  const [first] = kept
  assert.ok(first)
  for (let n = 1; n <= 30; n++) await store.apply([setKey(first, "n", `${n}`)])
  assert.equal(files.count("rename"), 0, "garbage is still less than live data")
  for (let n = 31; n <= 300; n++) await store.apply([setKey(first, "n", `${n}`)])
  assert.ok(files.count("rename") >= 1)
  const renames = files.count("rename")
  assert.ok(renames <= 5, `compacted ${renames} times for 300 small changes`)
  await store.close()
  const { store: again } = await open()
  assert.equal(await textOf(again, first.id, "n"), "300")
  assert.equal(await again.countLive(), 20)
  await again.close()
})

test("sessions that come and go do not let the file grow", async () => {
  const { store } = await open({ compactAfter: 20_000 })
  for (let round = 0; round < 40; round++) {
    const passing = records.records(20)
    await store.apply(passing.map(changes.create))
    await store.apply(passing.map(changes.revoke))
  }
  assert.ok((await stat(path)).size < 100_000, `${(await stat(path)).size} bytes`)
  await store.close()
})

test("a compaction works in slices while changes go on, and loses none of them", async () => {
  const { files, store } = await open({ compactAfter: 100_000 })
  const many = records.records(3000)
  await store.apply(many.map(changes.create))
  const [first, doomed] = many
  assert.ok(first && doomed)
  let n = 0
  while (files.count("rename") === 0) {
    n += 1
    await store.apply([
      setKey(first, "n", `${n}`),
      ...many.slice(2, 2000).map(record => setKey(record, "m", `${n}`)),
    ])
  }
  await store.apply([changes.revoke(doomed)])
  assert.ok(files.temporaryWrites.length > 10, `${files.temporaryWrites.length} slices`)
  assert.ok(
    Math.max(...files.temporaryWrites) < 70_000,
    `${Math.max(...files.temporaryWrites)} bytes in one slice`,
  )
  const expected = await store.find(many.map(record => record.id))
  await store.close()
  const { store: again } = await open()
  assert.equal(await textOf(again, first.id, "n"), `${n}`)
  assert.deepEqual(await again.find(many.map(record => record.id)), expected)
  await again.close()
})

test("a store that is closed in the middle of a compaction leaves the whole file and no temporary one", async () => {
  const { files, store } = await open({ compactAfter: 10_000 })
  const many = records.records(1000)
  await store.apply(many.map(changes.create))
  await store.apply(many.map(record => setKey(record, "a", "x".repeat(400))))
  assert.equal(files.count("rename"), 0)
  await store.close()
  await assert.rejects(stat(`${path}.tmp`), { code: "ENOENT" })
  const { store: again } = await open()
  assert.equal(await again.countLive(), 1000)
  await again.close()
})
