import assert from "node:assert/strict"
import { execFile } from "node:child_process"
import { join } from "node:path"
import { it } from "node:test"
import { promisify } from "node:util"
import { SessionManager } from "../../src/core/manager.ts"
import { createSqliteStore } from "../../src/stores/sqlite/index.ts"
import { makePlace, removePlace } from "./stores.ts"
import { begin, storedValue, times } from "./trial.ts"

const INCREMENTER = join(import.meta.dirname, "fixtures", "incrementer.ts")

it("G1: four processes with 250 update() calls each count to exactly 1,000 in one SQLite file", async t => {
  const place = await makePlace()
  const path = join(place, "sessions.db")
  const manager = new SessionManager(await createSqliteStore({ path, durability: "normal" }))
  t.after(async () => {
    await manager.close()
    await removePlace(place)
  })
  const token = await begin(manager, { count: 0 })
  const run = promisify(execFile)
  await Promise.all(times(4, () => run(process.execPath, [INCREMENTER, path, token, "250"])))
  assert.equal(await storedValue(manager, token, "count"), 1_000)
})
