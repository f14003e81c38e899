/** Serves one contender over HTTP, on a port that the system chooses. */
import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { answering } from "./child.ts"
import { CONTENDERS, type Contender, isContender } from "./contenders.ts"
import { isNetworked, NETWORKED_CONTENDERS } from "./networked-contenders.ts"

/** Where it is served, and the processor time used so far, in microseconds. */
export interface ServerState {
  readonly url: string
  readonly cpu: number
}

const [name = "", postgres = "", redis = ""] = process.argv.slice(2)
const { listener } = await contenderOf(name)

async function contenderOf(name: string): Promise<Contender> {
  if (isContender(name)) return await CONTENDERS[name]()
  if (isNetworked(name)) return await NETWORKED_CONTENDERS[name]({ postgres, redis })
  throw new Error(`there is no contender ${name}`)
}

const server = createServer(listener).listen(0, "127.0.0.1")
await once(server, "listening")
const { port } = server.address() as AddressInfo

answering((): ServerState => {
  const { user, system } = process.cpuUsage()
  return { url: `http://127.0.0.1:${port}`, cpu: user + system }
})
