/** A process that does one thing to a shared database for each line it is sent, and answers each with a line. */
import { createInterface } from "node:readline"
import { createSqliteStore } from "../../../src/stores/sqlite/index.ts"
import { changes } from "../../../src/testing/index.ts"
import { aRecord } from "./a-record.ts"
import { input } from "./processes.ts"

const { path = "", writer } = input()
const store = await createSqliteStore({ path, writer: writer === "main" ? "main" : "thread" })
console.log("ready")
for await (const line of createInterface({ input: process.stdin })) {
  const [order, id = ""] = line.split(" ")
  if (order === "revoke") await store.apply([changes.revoke({ id })])
  if (order === "create") await store.apply([changes.create(aRecord())])
  if (order === "read") store.findNow(id)
  console.log("done")
}
await store.close()
