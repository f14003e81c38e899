/** One of several processes on one database: hits one limit many times, and tells how often it was allowed. */
import { createSqliteStore, type SqliteOptions } from "../../../src/stores/sqlite/index.ts"
import { input } from "./processes.ts"

const { path = "", writer, limit, times } = input()
const options: SqliteOptions = { path, writer: writer === "main" ? "main" : "thread", busyTimeout: 30_000 }
const store = await createSqliteStore(options, { now: () => 60_000_000 })
const hit = { key: "k", window: 60_000, limit: Number(limit), cost: 1 }

let allowed = 0
for (let index = 0; index < Number(times); index += 2) {
  const outcomes = await Promise.all([store.hit([hit]), store.hit([hit])])
  allowed += outcomes.flat().filter(outcome => outcome.allowed).length
}
await store.close()
console.log(allowed)
