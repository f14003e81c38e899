/** Reads and changes the sessions of a store on a server. */
import { randomBytes } from "node:crypto"
import { Batcher } from "../src/core/batcher.ts"
import { Meters } from "../src/core/meter.ts"
import { stateOf } from "../src/core/session.ts"
import { createSessions } from "../src/index.ts"
import { openStore } from "../src/stores/registry.ts"
import { answering } from "./child.ts"
import { perSecond } from "./concurrency.ts"
import type { NetworkedStore, Operation, Question } from "./networked.ts"
import type { ExpressSessionStore } from "./peers.ts"
import { recordOf } from "./records.ts"
import { connectPgSimple, connectRedis } from "./store-peers.ts"

const SESSIONS = 5_000
/** Seconds. */
const WARM_UP = 0.6
const NOTE = "x".repeat(89)
const HOUR = 3_600_000

/** An operation on the session of that number. */
type Operate = (n: number) => Promise<unknown>

interface Driver extends Readonly<Record<Operation, Operate>> {
  readonly create: Operate
}

const ids = Array.from({ length: SESSIONS }, () => randomBytes(16).toString("base64url"))
const idOf = (n: number): string => ids[n % SESSIONS] ?? ""

const DRIVERS: Record<NetworkedStore, (url: string) => Promise<Driver>> = {
  sojourn: async url => {
    const batcher = new Batcher(await openStore(url), 5000, 2 * SESSIONS, new Meters())
    const data = new Map([
      ["note", { text: JSON.stringify(NOTE) }],
      ["visits", { text: "0" }],
    ])
    return {
      create: n => batcher.apply({ kind: "create", record: recordOf({ id: idOf(n), data }) }),
      change: async n => {
        const set = new Map([["visits", { text: String(n) }]])
        const { kind } = await batcher.apply({ kind: "patch", id: idOf(n), epoch: 1, set, unset: [] })
        if (kind !== "applied") throw new Error(`a change was not applied, but ${kind}`)
      },
      read: async n => {
        const record = await batcher.find(idOf(n))
        if (record?.data.size !== 2) throw new Error("a session was not read whole")
      },
    }
  },
  "sojourn with near cache": async url => {
    const sessions = await createSessions({ store: url, sweepInterval: false })
    const tokens: string[] = []
    const open = (n: number) => sessions.open(tokens[n % SESSIONS])
    return {
      create: async () => {
        const session = await open(SESSIONS - 1)
        session.set("note", NOTE).set("visits", 0)
        await session.save()
        const { delivery } = stateOf(session)
        if (delivery?.kind === "issue") tokens.push(delivery.token)
      },
      change: async n => {
        const session = await open(n)
        session.set("visits", n)
        await session.save()
      },
      read: async n => {
        const opened = open(n)
        const session = opened instanceof Promise ? await opened : opened
        if (session.get("note") !== NOTE) throw new Error("a session was not read whole")
      },
    }
  },
  "connect-pg-simple": async url => peerDriver(await connectPgSimple(url)),
  "connect-redis": async url => peerDriver(await connectRedis(url)),
}

/** express-session reads, changes and sets the whole session; here it is at hand already. */
function peerDriver(store: ExpressSessionStore): Driver {
  const expires = new Date(Date.now() + HOUR)
  const cookie = { originalMaxAge: HOUR, expires, secure: true, httpOnly: true, path: "/", sameSite: "lax" }
  const set = (n: number) =>
    new Promise<void>((resolve, reject) => {
      store.set(idOf(n), { cookie, note: NOTE, visits: n }, error => (error ? reject(error) : resolve()))
    })
  const read = (n: number) =>
    new Promise<void>((resolve, reject) => {
      store.get(idOf(n), (error, session) =>
        error || !session ? reject(error ?? new Error("a session was not found")) : resolve(),
      )
    })
  return { create: set, change: set, read }
}

const isStore = (name: string | undefined): name is NetworkedStore =>
  name !== undefined && Object.hasOwn(DRIVERS, name)

const [name, url = ""] = process.argv.slice(2)
if (!isStore(name)) throw new Error(`there is no store ${name}`)
const driver = await DRIVERS[name](url)
await driver.create(0)
await Promise.all(Array.from(ids, (_, n) => driver.create(n)).slice(1))
let turn = 0

/** No two in flight are of one session. */
function next(): number {
  turn += 7919
  return turn
}

/** Until the code is compiled, which takes thousands of operations, and the connections are all open. */
for (const inFlight of [1, 64]) {
  for (const operation of ["change", "read"] as const) {
    await perSecond(() => driver[operation](next()), WARM_UP, inFlight)
  }
}

answering(({ operation, seconds, inFlight }: Question) =>
  perSecond(() => driver[operation](next()), seconds, inFlight),
)
