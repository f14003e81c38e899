import assert from "node:assert/strict"
import { rm } from "node:fs/promises"
import { join } from "node:path"
import { afterEach, test } from "node:test"
import { isSessionError } from "../../../src/contract/errors.ts"
import { createFileStore } from "../../../src/stores/file/index.ts"
import { changes } from "../../../src/testing/index.ts"
import { setKey, surroundings, textOf } from "./sessions.ts"
import { temporaryDirectory } from "./temporary-directory.ts"

const path = join(await temporaryDirectory(), "sessions.txt")
const full = (error: unknown) => isSessionError(error, "ERR_SESSION_STORE_FULL")
afterEach(() => rm(path, { force: true }))

test("G10: a full store refuses a creation, applies nothing of that call, and goes on with all else", async () => {
  const { clock, records } = surroundings()
  const store = await createFileStore({ path, maxSessions: 2 }, clock)
  const [a, b, c] = records.records(3)
  assert.ok(a && b && c)
  await store.apply([changes.create(a), changes.create(b)])
  await assert.rejects(store.apply([setKey(a, "n", "1"), changes.create(c), changes.revoke(b)]), full)
  assert.deepEqual(await store.find([a.id, b.id, c.id]), [a, b, undefined])
  await store.apply([setKey(a, "n", "2"), changes.create(b)])
  assert.equal(await textOf(store, a.id, "n"), "2")
  const outcomes = await store.apply([changes.revoke(b), changes.create(c)])
  assert.deepEqual(
    outcomes.map(outcome => outcome.kind),
    ["applied", "applied"],
  )
  await store.close()
})

test("G10: creations in flight count against the limit", async () => {
  const { clock, records } = surroundings()
  const store = await createFileStore({ path, maxSessions: 3 }, clock)
  const calls = records.records(5).map(record => store.apply([changes.create(record)]))
  const settled = await Promise.allSettled(calls)
  assert.equal(settled.filter(({ status }) => status === "fulfilled").length, 3)
  assert.equal(await store.countLive(), 3)
  await store.close()
})

test("G10: a full store makes room by removing expired sessions, and the file says so", async () => {
  const { clock, records } = surroundings()
  const store = await createFileStore({ path, maxSessions: 3 }, clock)
  const short = records.records(2, { expiresAt: clock.now() + 1000 })
  const [long, ...more] = records.records(4)
  assert.ok(long)
  await store.apply([...short, long].map(changes.create))
  clock.advance(1000)
  await store.apply(more.slice(0, 2).map(changes.create))
  await assert.rejects(store.apply(more.slice(2).map(changes.create)), full)
  assert.equal(await store.countLive(), 3)
  await store.close()
  clock.advance(-1000)
  const again = await createFileStore({ path, maxSessions: 3 }, clock)
  assert.deepEqual(await again.find(short.map(record => record.id)), [undefined, undefined])
  assert.equal(await again.countLive(), 3)
  await again.close()
})

test("G11: a session that expired meanwhile is not read back, and one that lives is, with its key ends", async () => {
  const { clock, records } = surroundings()
  const store = await createFileStore({ path }, clock)
  const ending = records.record({ expiresAt: clock.now() + 1000 })
  const living = records.record({ data: new Map([["code", { text: "1", expiresAt: clock.now() + 1000 }]]) })
  await store.apply([ending, living].map(changes.create))
  await store.close()
  clock.advance(1000)
  const again = await createFileStore({ path }, clock)
  assert.deepEqual(await again.find([ending.id, living.id]), [undefined, living])
  assert.deepEqual(await again.sweep(clock.now(), 10), [], "it is not in memory either")
  await again.close()
})

test("a file with more sessions than the limit opens with all of them, and takes no new ones", async () => {
  const { clock, records } = surroundings()
  const store = await createFileStore({ path }, clock)
  const many = records.records(5)
  await store.apply(many.map(changes.create))
  await store.close()
  const again = await createFileStore({ path, maxSessions: 2 }, clock)
  assert.equal(await again.countLive(), 5)
  await assert.rejects(again.apply([changes.create(records.record())]), full)
  await again.close()
})

test("what the file could not carry is refused before anything is changed", async () => {
  const { clock, records } = surroundings()
  const store = await createFileStore({ path }, clock)
  const good = records.record()
  for (const bad of [
    records.record({ absoluteExpiresAt: Number.POSITIVE_INFINITY }),
    records.record({ version: Number.NaN }),
    JSON.parse(JSON.stringify({ ...records.record(), data: undefined })),
    JSON.parse(JSON.stringify({ ...records.record(), client: { address: 5 }, data: [] })),
  ]) {
    await assert.rejects(store.apply([changes.create(good), changes.create(bad)]), error =>
      isSessionError(error, "ERR_SESSION_INVALID_ARGUMENT"),
    )
  }
  assert.equal(await store.countLive(), 0)
  await store.close()
  await (await createFileStore({ path }, clock)).close()
})

test("G12: a call gives up when its signal says so, and the store goes on", async () => {
  const { clock, records } = surroundings()
  const store = await createFileStore({ path }, clock)
  const record = records.record()
  const controller = new AbortController()
  const call = store.apply([changes.create(record)], controller.signal)
  controller.abort(new Error("deadline"))
  await assert.rejects(call, error => isSessionError(error, "ERR_SESSION_STORE_TIMEOUT"))
  await store.apply([setKey(record, "n", "1")])
  assert.equal(await textOf(store, record.id, "n"), "1")
  await store.close()
})
