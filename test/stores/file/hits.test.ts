import assert from "node:assert/strict"
import { rm } from "node:fs/promises"
import { join } from "node:path"
import { afterEach, test } from "node:test"
import { createFileStore } from "../../../src/stores/file/index.ts"
import { surroundings } from "./sessions.ts"
import { temporaryDirectory } from "./temporary-directory.ts"

const path = join(await temporaryDirectory(), "sessions.txt")
const aHit = (key: string) => ({ key, window: 1000, limit: 1, cost: 1 })
afterEach(() => rm(path, { force: true }))

test("rate-limit counts are in memory alone: a store that is opened again begins anew", async () => {
  const { clock } = surroundings()
  const store = await createFileStore({ path }, clock)
  const allowed = async (from = store) => (await from.hit([aHit("a")])).map(outcome => outcome.allowed)
  assert.deepEqual([await allowed(), await allowed()], [[true], [false]])
  await store.close()
  const again = await createFileStore({ path }, clock)
  assert.deepEqual([await allowed(again), await allowed(again)], [[true], [false]])
  await again.close()
})

test("G10: maxHitKeys bounds the rate-limit counters; what has ended makes room", async () => {
  const { clock } = surroundings()
  const store = await createFileStore({ path, maxHitKeys: 1 }, clock)
  await store.hit([aHit("a")])
  await assert.rejects(store.hit([aHit("b")]), { code: "ERR_SESSION_STORE_FULL", message: /maxHitKeys/ })
  clock.advance(2000)
  assert.deepEqual(await store.sweep(clock.now(), 10), [])
  assert.equal((await store.hit([aHit("b")]))[0]?.allowed, true)
  await store.close()
})
