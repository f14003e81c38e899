/** Opens and seals sessions with one library, without any HTTP. */
import { randomBytes } from "node:crypto"
import { stateOf } from "../src/core/session.ts"
import { generateKey, SealedSessions } from "../src/index.ts"
import { answering } from "./child.ts"
import { processorTime } from "./processor-time.ts"
import type { Library, Question } from "./sealed.ts"
import { cookieSession, ironSessions, secureSessionApp } from "./sealing-peers.ts"

interface Data {
  user: string
  cart: { sku: string; count: number }[]
}

/** Both read the data; writing changes the cart and seals it all again. */
interface Sealing {
  read(): unknown
  write(): unknown
}

const WARM_UP = 3_000
let turn = 0
const cart = () => [
  { sku: "A-1", count: ++turn % 10 },
  { sku: "B-7", count: 1 },
]
const data = (): Data => ({ user: "user-4711", cart: cart() })

function seen(user: string | undefined, items: readonly unknown[] | undefined): void {
  if (user !== "user-4711" || items?.length !== 2) throw new Error("a sealed session was not read whole")
}

const LIBRARIES: Record<Library, () => Promise<Sealing>> = {
  sojourn: async () => {
    const sessions = new SealedSessions<Data>({ keys: [generateKey()] })
    let sealed = ""
    const open = () => {
      const session = sessions.open(sealed || undefined)
      if (sealed) seen(session.get("user"), session.get("cart"))
      return session
    }
    const write = async () => {
      const session = open()
      session.set("cart", cart())
      if (!sealed) session.set("user", "user-4711")
      await session.save()
      const { delivery } = stateOf(session)
      if (delivery?.kind === "issue") sealed = delivery.token
    }
    await write()
    return { read: open, write }
  },
  "iron-session": async () => {
    const { getIronSession } = await ironSessions()
    const options = { cookieName: "session", password: randomBytes(32).toString("hex") }
    let value = ""
    const jar = {
      get: (name: string) => (value ? { name, value } : undefined),
      set: (_: string, sealed: string) => {
        value = sealed
      },
    }
    const open = async () => {
      const session = await getIronSession<Partial<Data>>(jar, options)
      if (value) seen(session.user, session.cart)
      return session
    }
    const write = async () => {
      const session = await open()
      Object.assign(session, data())
      await session.save()
    }
    await write()
    return { read: open, write }
  },
  "cookie-session": async () => {
    const middleware = (await cookieSession())({ keys: [randomBytes(32).toString("hex")] })
    let cookie = ""
    const use = (change: boolean) => {
      const request: { headers: { cookie: string }; connection: object; session?: Partial<Data> } = {
        headers: { cookie },
        connection: {},
      }
      const response = {
        getHeader: () => undefined,
        setHeader: (_: string, lines: string[]) => {
          cookie = lines.map(line => line.split(";", 1)[0]).join("; ")
        },
        writeHead: () => {},
      }
      middleware(request, response, () => {
        if (cookie) seen(request.session?.user, request.session?.cart)
        if (change) Object.assign(request.session ?? {}, data())
      })
      response.writeHead()
    }
    use(true)
    return { read: () => use(false), write: () => use(true) }
  },
  "@fastify/secure-session": async () => {
    const app = await secureSessionApp(randomBytes(32))
    let cookie = app.encodeSecureSession(app.createSecureSession<Data>(data()))
    const open = () => {
      const session = app.decodeSecureSession<Data>(cookie)
      if (!session) throw new Error("@fastify/secure-session does not open what it has sealed")
      seen(session.get("user"), session.get("cart"))
      return session
    }
    const write = () => {
      const session = open()
      session.set("cart", cart())
      cookie = app.encodeSecureSession(session)
    }
    return { read: open, write }
  },
}

const isLibrary = (name: string | undefined): name is Library =>
  name !== undefined && Object.hasOwn(LIBRARIES, name)

const [name] = process.argv.slice(2)
if (!isLibrary(name)) throw new Error(`there is no library ${name}`)
const sealing = await LIBRARIES[name]()
for (let time = 0; time < WARM_UP; time++) {
  await sealing.read()
  await sealing.write()
}

answering(({ use, milliseconds }: Question) => processorTime(sealing[use], milliseconds))
