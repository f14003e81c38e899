/** The thread that writes. Its own module, since a thread starts from a file; it is sent orders and reports on each. */
import { parentPort, workerData } from "node:worker_threads"
import { isSessionError } from "../../contract/errors.ts"
import { loadSqlite, openWith } from "./database.ts"
import type { SqliteSettings } from "./options.ts"
import { SessionTable } from "./session-table.ts"
import type { Order, Report } from "./thread.ts"
import { runJob } from "./writer.ts"

const port = parentPort
if (!port) throw new Error("This module runs as a worker thread of the SQLite store.")

const settings = workerData as SqliteSettings
const table = new SessionTable(openWith(await loadSqlite(), settings), settings.tablePrefix)

port.on("message", (order: Order | undefined) => {
  if (order) return port.postMessage(report(order))
  port.close()
  table.checkpoint()
  table.release()
})
port.postMessage("ready")

function report({ number, name, input }: Order): Report {
  try {
    return { number, result: runJob(table, name, input) }
  } catch (error) {
    const code = isSessionError(error) ? error.code : undefined
    const errcode = error instanceof Error && "errcode" in error ? Number(error.errcode) : undefined
    return { number, error, code, errcode }
  }
}
