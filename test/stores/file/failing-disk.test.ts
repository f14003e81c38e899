import assert from "node:assert/strict"
import { rm } from "node:fs/promises"
import { join } from "node:path"
import { afterEach, test } from "node:test"
import { isSessionError } from "../../../src/contract/errors.ts"
import { openStore } from "../../../src/stores/file/open-store.ts"
import { type FileStoreOptions, resolveOptions } from "../../../src/stores/file/options.ts"
import { changes } from "../../../src/testing/index.ts"
import { diskFailure, diskFull, ObservedFiles } from "./observed-files.ts"
import { setKey, surroundings, textOf } from "./sessions.ts"
import { temporaryDirectory } from "./temporary-directory.ts"

const path = join(await temporaryDirectory(), "sessions.txt")
const { clock, records } = surroundings()
afterEach(() => rm(path, { force: true }))

async function open(options: FileStoreOptions = {}) {
  const files = new ObservedFiles()
  const store = await openStore(resolveOptions({ path, onRepair: () => {}, ...options }), clock, files)
  return { files, store }
}

const unavailable = (cause: string) => (error: unknown) =>
  isSessionError(error, "ERR_SESSION_STORE_UNAVAILABLE") && String(error.cause).includes(cause)

test("G6: a change that the disk refuses is rejected, is shown to no reader, and ends the taking of changes", async () => {
  for (const [call, fault] of [
    ["write", diskFull()],
    ["datasync", diskFailure()],
  ] as const) {
    const { files, store } = await open()
    const record = records.record()
    await store.apply([changes.create(record), setKey(record, "a", "stored")])
    files.fault = each => (each === call ? fault : undefined)
    await assert.rejects(store.apply([setKey(record, "a", "lost")]), unavailable(fault.message))
    files.fault = () => undefined
    assert.equal(await textOf(store, record.id, "a"), "stored")
    const refused = unavailable(fault.message)
    await assert.rejects(store.apply([changes.revoke(record)]), refused)
    await assert.rejects(store.sweep(clock.now(), 10), refused)
    await assert.rejects(store.revokeByUser("u1"), refused)
    await assert.rejects(store.revokeAll(), refused)
    assert.equal(await store.countLive(), 1)
    await store.close()
    const { store: again } = await open()
    assert.ok(again.findNow(record.id), "what was acknowledged is there")
    await again.close()
    await rm(path)
  }
})

test("G6: what waits behind a failed group is rejected too, since it builds on it", async () => {
  const { files, store } = await open()
  const record = records.record()
  await store.apply([changes.create(record)])
  const results: Promise<unknown>[] = []
  files.fault = call => {
    if (call !== "datasync") return undefined
    results.push(store.apply([changes.touch(record, { at: clock.now(), expiresAt: clock.now() })]))
    return diskFailure()
  }
  results.push(store.apply([changes.revoke(record)]))
  await assert.rejects(results[0] ?? assert.fail(), unavailable("EIO"))
  await assert.rejects(results[1] ?? assert.fail(), unavailable("EIO"))
  assert.ok(store.findNow(record.id))
  await store.close()
})

test("G6: no reader sees a change before it is synced, and whoever builds on it waits for it", async () => {
  const { files, store } = await open()
  const record = records.record({ login: records.login("u1") })
  await store.apply([changes.create(record)])
  const seen: unknown[] = []
  const late: Promise<unknown>[] = []
  files.fault = call => {
    if (call !== "datasync" || late.length > 0) return undefined
    late.push(
      store.apply([changes.revoke(record)]).then(outcomes => seen.push(outcomes, files.count("datasync"))),
    )
    seen.push(store.findNow(record.id)?.id)
    return undefined
  }
  files.forget()
  await store.apply([changes.revoke(record)])
  await Promise.all(late)
  assert.deepEqual(seen, [record.id, [{ kind: "gone" }], 1])
  assert.deepEqual(await store.findByUser("u1"), [])
  await store.close()
})

test("a write of which the disk takes only parts is completed", async () => {
  const { files, store } = await open()
  files.writeLimit = 7
  const created = records.records(5)
  await store.apply(created.map(changes.create))
  await store.close()
  const { store: again } = await open()
  assert.deepEqual(await again.find(created.map(record => record.id)), created)
  await again.close()
})

test("a compaction that fails before its rename leaves the file as it is and says so", async () => {
  for (const call of ["open", "write", "datasync", "rename"] as const) {
    const { files, store } = await open({ compactAfter: 2000 })
    const record = records.record()
    await store.apply([changes.create(record)])
    files.fault = (each, where) =>
      each === call && (where.endsWith(".tmp") || call === "rename") ? diskFull() : undefined
    const warned = new Promise<Error>(resolve => process.once("warning", resolve))
    for (let n = 1; n <= 30; n++) await store.apply([setKey(record, "n", `${n}`)])
    assert.match((await warned).message, /could not be compacted.*ENOSPC/)
    await store.apply([setKey(record, "n", "last")])
    await store.close()
    const { store: again } = await open()
    assert.equal(await textOf(again, record.id, "n"), "last")
    await again.close()
    await rm(path)
  }
})

test("G6: when the rename of a compaction cannot be made to last, no more changes are taken", async () => {
  const { files, store } = await open({ compactAfter: 2000 })
  const record = records.record()
  await store.apply([changes.create(record)])
  files.fault = call => (call === "syncDirectoryOf" ? diskFailure() : undefined)
  const warned = new Promise<Error>(resolve => process.once("warning", resolve))
  let acknowledged = 0
  const setUntilRefused = async () => {
    for (;;) {
      await store.apply([setKey(record, "n", `${acknowledged + 1}`)])
      acknowledged += 1
    }
  }
  await assert.rejects(setUntilRefused(), unavailable("EIO"))
  await warned
  await store.close()
  const { store: again } = await open()
  assert.equal(await textOf(again, record.id, "n"), `${acknowledged}`)
  await again.close()
})
