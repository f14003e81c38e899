/** One of several processes on one database: sets keys of its own, and counts one key up by compare-and-set. */
import assert from "node:assert/strict"
import type { SqliteOptions } from "../../../src/stores/sqlite/index.ts"
import { createSqliteStore } from "../../../src/stores/sqlite/index.ts"
import { changes, dataOf } from "../../../src/testing/index.ts"
import { setting } from "./a-record.ts"
import { input } from "./processes.ts"

const { path = "", id = "", name = "", writer, times } = input()
const options: SqliteOptions = { path, writer: writer === "main" ? "main" : "thread", busyTimeout: 30_000 }
const store = await createSqliteStore(options)

for (let index = 0; index < Number(times); index++) {
  const [outcome] = await store.apply([setting(id, `${name}-${index}`, String(index))])
  assert.equal(outcome?.kind, "applied")
  await countUp()
}
await store.close()

async function countUp(): Promise<void> {
  for (;;) {
    const record = store.findNow(id)
    assert.ok(record)
    const count = Number(record.data.get("count")?.text ?? "0")
    const change = changes.patch(record, {
      ifVersion: record.version,
      set: dataOf(["count", String(count + 1)]),
    })
    const [outcome] = await store.apply([change])
    if (outcome?.kind === "applied") return
    assert.equal(outcome?.kind, "conflict")
  }
}
