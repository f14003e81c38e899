/** A process that observes a database and then has nothing left to do. */
import { createSqliteStore } from "../../../src/stores/sqlite/index.ts"
import { input } from "./processes.ts"

const { path = "" } = input()
const store = await createSqliteStore({ path })
const ignored = (): void => {}
await new Promise<number>(heartbeat => {
  const observer = { connected: ignored, disconnected: ignored, notice: ignored, heartbeat }
  store.observe(observer, { heartbeatInterval: 20 })
})
console.log("observed")
