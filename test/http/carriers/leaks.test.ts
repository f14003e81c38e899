import assert from "node:assert/strict"
import { describe, it, type TestContext } from "node:test"
import { inspect } from "node:util"
import { fetchSession, guarded } from "../../../src/adapters/fetch.ts"
import type { CarrierOption } from "../../../src/http/carriers/options.ts"
import {
  type AnyGuard,
  issuedToken,
  requireUser,
  type SessionEventName,
  Sessions,
  sessionUrl,
} from "../../../src/index.ts"
import { broken, SpyStore } from "../../adapters/spy-store.ts"

const EVENTS: readonly SessionEventName[] = [
  "created",
  "rotated",
  "revoked",
  "theft",
  "refused",
  "hijack",
  "crossOrigin",
  "rateLimited",
  "storeError",
]
const URLS: CarrierOption = { urlParameter: "sid", allowTokensInUrls: true }
const agent = { "user-agent": "Firefox" }

/** One carrier: how a client finds the token in an answer, and sends it. */
interface Way {
  readonly carrier: CarrierOption
  found(response: Response, body: string): string
  request(token: string, method: string, headers?: Record<string, string>): Request
}

const request = (method: string, headers: Record<string, string>, path = "/") =>
  new Request(`https://shop.example${path}`, { method, headers: { ...agent, ...headers } })

const ways: Readonly<Record<string, Way>> = {
  cookie: {
    carrier: "cookie",
    found: response => /=([^;]+)/.exec(response.headers.getSetCookie()[0] ?? "")?.[1] ?? "",
    request: (token, method, headers) => request(method, { ...headers, cookie: `__Host-sid=${token}` }),
  },
  header: {
    carrier: "header",
    found: response => response.headers.get("session-token") ?? "",
    request: (token, method, headers) => request(method, { ...headers, authorization: `Bearer ${token}` }),
  },
  url: {
    carrier: URLS,
    found: (_response, body) => /sid=([\w.-]+)/.exec(body)?.[1] ?? "",
    request: (token, method, headers = {}) => request(method, headers, `/?sid=${token}`),
  },
}

/** All that the process tells anybody but the client. */
function listening(t: TestContext, sessions: Sessions): unknown[] {
  const heard: unknown[] = []
  const hear = (...given: unknown[]) => void heard.push(...given)
  for (const name of EVENTS) sessions.on(name, hear)
  t.mock.method(process, "emitWarning", hear)
  t.mock.method(console, "error", hear)
  return heard
}

for (const [name, way] of Object.entries(ways)) {
  describe(`a token carried by ${name}`, () => {
    it("is in no error, no warning and no event, whatever goes wrong (ASVS 16.2.5)", async t => {
      const store = new SpyStore()
      const sessions = new Sessions(store, {
        sweepInterval: false,
        carriers: [way.carrier],
        hijack: { userAgent: "observe" },
      })
      const heard = listening(t, sessions)
      const handle = fetchSession(
        sessions,
        async ({ method }, session) => {
          if (method === "POST") await session.login("anna")
          if (method === "PUT") session.set("a", 1)
          if (method === "DELETE") await session.logout()
          return new Response(sessionUrl(session, "/"))
        },
        { onError: error => void heard.push(error) },
      )
      const login = await handle(request("POST", {}))
      const token = way.found(login, await login.text())
      assert.match(token, /^[\w-]{22}\.[\w-]{43}$/)
      const forged = `${token.slice(0, 23)}${"x".repeat(43)}`
      const garbled = `${token}!`
      const foreign = { "sec-fetch-site": "cross-site", origin: "https://evil.example" }
      const told: string[] = []
      const send = async (text: string, method: string, headers?: Record<string, string>) => {
        const response = await handle(way.request(text, method, headers))
        told.push(inspect([...response.headers]), await response.text())
      }
      for (const text of [forged, garbled]) await send(text, "GET")
      await send(token, "PUT", foreign)
      await send(token, "GET", { "user-agent": "Chrome" })
      store.beforeApply = broken
      await send(token, "PUT")
      store.beforeFind = broken
      await send(token, "GET")
      assert.ok(heard.length > 4, "there was something to hear")
      const all = inspect(heard, { depth: 10, showHidden: true })
      for (const secret of [token.slice(23), forged.slice(23)]) {
        assert.ok(!all.includes(secret), all)
        assert.ok(!told.join("\n").includes(secret), "what was sent is not echoed")
      }
    })
  })
}

describe("a token in a URL", () => {
  for (const carriers of [[URLS], ["cookie" as const, URLS]]) {
    it(`is not told to the login page, nor to a guard, with ${carriers.length} carriers`, async () => {
      const sessions = new Sessions(new SpyStore(), { sweepInterval: false, carriers, issueBy: "url" })
      const begun = await fetchSession(sessions, async (_request, session) => {
        await session.set("a", 1).save()
        return new Response(sessionUrl(session, "/account?tab=2"))
      })(request("GET", {}))
      const link = await begun.text()
      assert.match(link, /^\/account\?tab=2&sid=[\w-]{22}\./)
      const seen: string[] = []
      const note: AnyGuard = (_session, { url }) => void seen.push(url)
      const user = requireUser({ loginPage: "https://sso.example/login" })
      const handle = fetchSession(
        sessions,
        guarded([note, user], () => new Response("")),
      )
      const refused = await handle(request("GET", { accept: "text/html" }, link))
      assert.equal(refused.headers.get("location"), "https://sso.example/login?returnTo=%2Faccount%3Ftab%3D2")
      assert.deepEqual(seen, ["/account?tab=2"])
    })
  }
})

describe("a token that was issued", () => {
  it("can be taken until its answer has left, and not from a session of no request", async () => {
    const sessions = new Sessions(new SpyStore(), { sweepInterval: false, carriers: ["header"] })
    const seen: (string | undefined)[] = []
    const handle = fetchSession(sessions, async (_request, session) => {
      seen.push(issuedToken(session))
      await session.login("anna")
      seen.push(issuedToken(session))
      const late = () => void seen.push(issuedToken(session))
      return new Response(
        new ReadableStream({
          async pull(controller) {
            await new Promise(resolve => setImmediate(resolve))
            late()
            controller.close()
          },
        }),
      )
    })
    const response = await handle(request("POST", {}))
    await response.text()
    assert.deepEqual(seen, [undefined, response.headers.get("session-token"), undefined])
    const own = await sessions.open(undefined)
    await own.login("anna")
    assert.equal(issuedToken(own), undefined)
  })
})
