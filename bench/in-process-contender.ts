/** Measures one contender over a null connection. */
import { answering } from "./child.ts"
import { CONTENDERS, isContender } from "./contenders.ts"
import { nullClient } from "./null-client.ts"

export interface Question {
  readonly path: "/read" | "/write"
  readonly milliseconds: number
}

const BATCH = 50
/** Requests of each kind after which the code has been compiled as well as it ever is. */
const WARM_UP = 10_000

const [name] = process.argv.slice(2)
if (!isContender(name)) throw new Error(`there is no contender ${name}`)
const client = nullClient(await CONTENDERS[name]())
const cookie = await client.begin()
for (let sent = 0; sent < WARM_UP; sent++) {
  await client.send("/read", cookie)
  await client.send("/write", cookie)
}

/**
 * Microseconds of processor time that a request takes, garbage collection and threads included. Unlike the time on the
 * clock it does not count what the machine does for others meanwhile.
 */
async function measure({ path, milliseconds }: Question): Promise<number> {
  const end = performance.now() + milliseconds
  const before = process.cpuUsage()
  let requests = 0
  while (performance.now() < end) {
    for (let sent = 0; sent < BATCH; sent++) await client.send(path, cookie)
    requests += BATCH
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / requests
}

answering(measure)
