import assert from "node:assert/strict"
import { randomBytes } from "node:crypto"
import { appendFile, readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { test } from "node:test"
import { isSessionError } from "../../../src/contract/errors.ts"
import { createFileStore, type FileRepair } from "../../../src/stores/file/index.ts"
import { changes } from "../../../src/testing/index.ts"
import { setKey, surroundings, textOf } from "./sessions.ts"
import { temporaryDirectory } from "./temporary-directory.ts"

const path = join(await temporaryDirectory(), "sessions.txt")
const { clock, records } = surroundings()
const repairs: FileRepair[] = []
const open = () => createFileStore({ path, onRepair: repair => repairs.push(repair) }, clock)
const corrupt = (line: number) => (error: unknown) => {
  assert.ok(isSessionError(error, "ERR_SESSION_STORE_CORRUPT"), String(error))
  assert.match(error.message, new RegExp(`^Line ${line} .*${path}.*Restore|^Line 1 of ${path}`))
  return true
}

/** A journal of which each line sets `n` to the line's number, acknowledged one by one. */
async function writeJournal(lines: number): Promise<{ bytes: Buffer; id: string }> {
  await rm(path, { force: true })
  const store = await open()
  const record = records.record()
  await store.apply([changes.create(record)])
  for (let line = 3; line <= lines; line++) await store.apply([setKey(record, "n", `${line} ü`)])
  await store.close()
  return { bytes: await readFile(path), id: record.id }
}

/** How many lines there are whole in so many bytes. */
const wholeLines = (bytes: Buffer, size: number) =>
  bytes.subarray(0, size).filter(byte => byte === 0x0a).length
const startOfLine = (bytes: Buffer, line: number) => {
  let start = 0
  for (let at = 1; at < line; at++) start = bytes.indexOf(0x0a, start) + 1
  return start
}

test("G6: a file torn at any byte opens with every whole line, and goes on from there", async () => {
  const { bytes, id } = await writeJournal(6)
  for (let size = 0; size <= bytes.length; size++) {
    await writeFile(path, bytes.subarray(0, size))
    repairs.length = 0
    const store = await open()
    const lines = wholeLines(bytes, size)
    const expected = lines >= 3 ? `${lines} ü` : undefined
    assert.equal(await textOf(store, id, "n"), expected, `torn at byte ${size}`)
    assert.equal(store.findNow(id) !== undefined, lines >= 2, `torn at byte ${size}`)
    const torn = size - startOfLine(bytes, lines + 1)
    assert.deepEqual(repairs, torn > 0 ? [{ path, line: lines + 1, bytes: torn }] : [])
    const added = records.record()
    await store.apply([changes.create(added)])
    await store.close()
    const again = await open()
    assert.deepEqual(again.findNow(added.id), added)
    assert.equal(await textOf(again, id, "n"), expected)
    await again.close()
  }
})

test("G6: random bytes after the last line, as a crash may leave them, are cut off", async () => {
  const { bytes, id } = await writeJournal(5)
  for (const garbage of [Buffer.alloc(4096), Buffer.from("\n\n{}\n"), randomBytes(1), randomBytes(10_000)]) {
    await writeFile(path, bytes)
    await appendFile(path, garbage)
    repairs.length = 0
    const store = await open()
    assert.equal(await textOf(store, id, "n"), "5 ü")
    await store.close()
    assert.deepEqual(repairs, [{ path, line: 6, bytes: garbage.length }])
    assert.deepEqual(await readFile(path), bytes)
  }
})

test("G6: a group of lines that lost a page before it was synced is a torn tail, not damage", async () => {
  await rm(path, { force: true })
  const store = await open()
  const [before, ...together] = records.records(40)
  assert.ok(before)
  await store.apply([changes.create(before)])
  const synced = (await readFile(path)).length
  await Promise.all(together.map(record => store.apply([changes.create(record)])))
  await store.close()
  const bytes = await readFile(path)
  bytes.fill(0, synced + 1000, synced + 5096)
  await writeFile(path, bytes)
  const again = await open()
  assert.deepEqual(again.findNow(before.id), before)
  assert.equal(await again.countLive(), 3, "the lines of the group before the lost page")
  await again.close()
})

test("touches that were written but not synced may be torn like a group", async () => {
  await rm(path, { force: true })
  const store = await open()
  const record = records.record()
  await store.apply([changes.create(record)])
  const at = clock.now() + 1
  for (let n = 0; n < 3; n++) await store.apply([changes.touch(record, { at: at + n, expiresAt: at })])
  await store.close()
  const bytes = await readFile(path)
  bytes.fill(0, startOfLine(bytes, 4), startOfLine(bytes, 5) - 1)
  await writeFile(path, bytes)
  const again = await open()
  assert.equal(again.findNow(record.id)?.lastSeenAt, at)
  await again.close()
})

test("damage in a line that had reached the disk is refused, with the line's number, and the file stays", async () => {
  const { bytes } = await writeJournal(6)
  for (const line of [2, 3, 5]) {
    const damaged = Buffer.from(bytes)
    const at = startOfLine(bytes, line) + 20
    damaged.writeUInt8(damaged.readUInt8(at) ^ 1, at)
    await writeFile(path, damaged)
    await assert.rejects(open(), corrupt(line))
    assert.deepEqual(await readFile(path), damaged)
  }
})

test("a line that is missing in the middle is refused", async () => {
  const { bytes } = await writeJournal(5)
  await writeFile(
    path,
    Buffer.concat([bytes.subarray(0, startOfLine(bytes, 2)), bytes.subarray(startOfLine(bytes, 3))]),
  )
  await assert.rejects(open(), corrupt(2))
})

test("a file that is something else is refused and stays as it is", async () => {
  for (const text of ["root:x:0:0\n", "{}\n", `{"format":"other","version":1}\n`, "x", "\0\0\0"]) {
    await writeFile(path, text)
    await assert.rejects(open(), corrupt(1))
    assert.equal(await readFile(path, "utf8"), text)
  }
})

test("a file of a newer format is refused with the advice to upgrade", async () => {
  await writeFile(path, `{"format":"sojourn-sessions","version":2,"more":true}\n`)
  await assert.rejects(open(), error => {
    assert.ok(isSessionError(error, "ERR_SESSION_STORE_CORRUPT"))
    assert.match(error.message, /newer version.*Upgrade/)
    return true
  })
})
