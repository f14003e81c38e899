/** Creates sessions without end and prints the ids of those that were acknowledged, until it is killed. */
import { writeSync } from "node:fs"
import { createSqliteStore } from "../../../src/stores/sqlite/index.ts"
import { changes, RecordBuilder } from "../../../src/testing/index.ts"
import { input } from "./processes.ts"

const { path = "", durability, writer, seed } = input()
const store = await createSqliteStore({
  path,
  durability: durability === "full" ? "full" : "normal",
  writer: writer === "main" ? "main" : "thread",
})
const builder = new RecordBuilder({ now: Date.now }, Number(seed))

for (;;) {
  const records = builder.records(10)
  const outcomes = await store.apply(records.map(changes.create))
  const acknowledged = records.filter((_, index) => outcomes[index]?.kind === "applied")
  writeSync(1, acknowledged.map(({ id }) => `${id}\n`).join(""))
}
