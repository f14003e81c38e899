/** Measures one contender over a null connection. */
import { answering } from "./child.ts"
import { CONTENDERS, isContender } from "./contenders.ts"
import { nullClient } from "./null-client.ts"
import { processorTime } from "./processor-time.ts"

export interface Question {
  readonly path: "/read" | "/write"
  readonly milliseconds: number
}

/** Requests of each kind after which the code has been compiled as well as it ever is. */
const WARM_UP = 10_000
/** For the slowest, whose time is not spent in code that is compiled here. */
const WARM_UP_MILLISECONDS = 2_000

const [name] = process.argv.slice(2)
if (!isContender(name)) throw new Error(`there is no contender ${name}`)
const client = nullClient(await CONTENDERS[name]())
const cookie = await client.begin()
const warm = performance.now() + WARM_UP_MILLISECONDS
for (let sent = 0; sent < WARM_UP && performance.now() < warm; sent++) {
  await client.send("/read", cookie)
  await client.send("/write", cookie)
}

answering(({ path, milliseconds }: Question) => processorTime(() => client.send(path, cookie), milliseconds))
