import assert from "node:assert/strict"
import { createServer } from "node:http"
import { describe, it } from "node:test"
import express from "express"
import { guard, session as sessionMiddleware } from "../../../src/adapters/express.ts"
import { fetchSession, guarded } from "../../../src/adapters/fetch.ts"
import { admit, withSession } from "../../../src/adapters/node.ts"
import {
  generateKey,
  type HijackOptions,
  requireFresh,
  SealedSessions,
  Sessions,
} from "../../../src/index.ts"
import { createMemoryStore } from "../../../src/stores/memory/index.ts"
import { Served, serve } from "../../adapters/served.ts"

type Ask = (path: string, agent: string, cookie?: string) => Promise<Response>

const fresh = requireFresh({ within: "5m" })
const HOME = "Mozilla/5.0 Firefox/140.0"
const NEWER = "Mozilla/5.0 Firefox/141.0.1"
const OTHER = "curl/8.5.0"

const headersOf = (agent: string, cookie = "") => ({ "user-agent": agent, cookie })
const over =
  (served: Served): Ask =>
  (path, agent, cookie) =>
    fetch(served.origin + path, { headers: headersOf(agent, cookie) })

const adapters: Readonly<
  Record<string, (sessions: Sessions, use: (ask: Ask) => Promise<void>) => Promise<void>>
> = {
  fetch: async (sessions, use) => {
    const account = guarded([fresh], (_request, session) => new Response(session.userId))
    const handle = fetchSession(sessions, async (request, session) => {
      if (new URL(request.url).pathname === "/account") return await account(request, session)
      await session.login("anna")
      return new Response("in")
    })
    await use((path, agent, cookie) =>
      handle(new Request(`https://shop.example${path}`, { headers: headersOf(agent, cookie) })),
    )
  },
  node: async (sessions, use) => {
    const listener = withSession(sessions, async (request, response, session) => {
      if (request.url === "/login") await session.login("anna")
      else if (!(await admit(request, response, session, [fresh]))) return
      response.end(session.userId)
    })
    const server = createServer(listener)
    await using served = await Served.at(server, () => server.closeAllConnections())
    await use(over(served))
  },
  express: async (sessions, use) => {
    const app = express()
    app.use(sessionMiddleware(sessions))
    app.get("/login", async (request, response) => {
      await request.session.login("anna")
      response.send("in")
    })
    app.get("/account", guard(fresh), (request, response) => void response.send(request.session.userId))
    await using served = await serve(app)
    await use(over(served))
  },
}

const sessionsWith = (hijack: HijackOptions) =>
  new Sessions(createMemoryStore(), { sweepInterval: false, cookie: { secure: false }, hijack })
const cookieOf = (response: Response) => response.headers.getSetCookie()[0]?.split(";", 1)[0] ?? ""

for (const [name, serving] of Object.entries(adapters)) {
  describe(`a client that has changed since the login, over ${name}`, () => {
    it("challenge: is not fresh until it logs in anew", async () => {
      await serving(sessionsWith({ userAgent: "challenge" }), async ask => {
        const cookie = cookieOf(await ask("/login", HOME))
        assert.equal((await ask("/account", NEWER, cookie)).status, 200)
        assert.equal((await ask("/account", OTHER, cookie)).status, 401)
        const renewed = cookieOf(await ask("/login", OTHER, cookie))
        assert.equal((await ask("/account", OTHER, renewed)).status, 200)
      })
    })

    it("revoke: has no session, and nobody has it any more", async () => {
      await serving(sessionsWith({ userAgent: "revoke" }), async ask => {
        const cookie = cookieOf(await ask("/login", HOME))
        assert.equal((await ask("/account", OTHER, cookie)).status, 401)
        assert.equal((await ask("/account", HOME, cookie)).status, 401)
      })
    })
  })
}

describe("hijack and sealed sessions", () => {
  it("contradict each other, as a sealed session notes no client", () => {
    const options = { keys: [generateKey()], hijack: { userAgent: "revoke" } }
    assert.throws(() => new SealedSessions(options), { code: "ERR_SESSION_CONFIG", message: /use a store/ })
  })
})
