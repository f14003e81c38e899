/** One of several processes that serve an application from one database, until its input ends. */
import { createSessions } from "../../../src/index.ts"
import { serve } from "../../adapters/served.ts"
import { limited } from "./limited.ts"

const sessions = await createSessions({
  store: `sqlite:${process.argv[2]}?durability=normal`,
  sweepInterval: false,
})
const served = await serve(limited.node(sessions))
process.stdout.write(`${served.port}\n`)
process.stdin.resume().on("end", async () => {
  await served[Symbol.asyncDispose]()
  await sessions.close()
})
