import assert from "node:assert/strict"
import { once } from "node:events"
import { createServer } from "node:http"
import { describe, it } from "node:test"
import express from "express"
import { guard, session as sessionMiddleware } from "../../../src/adapters/express.ts"
import { fetchSession, guarded } from "../../../src/adapters/fetch.ts"
import { admit, withSession } from "../../../src/adapters/node.ts"
import {
  type CreateSessionsOptions,
  csrfField,
  generateKey,
  isSessionError,
  requireCsrfToken,
  requireUser,
  SealedSessions,
  Sessions,
} from "../../../src/index.ts"
import { createMemoryStore } from "../../../src/stores/memory/index.ts"

type Data = { count: number }
const counting = (options: Omit<CreateSessionsOptions<Data>, "store"> = {}) =>
  new Sessions<Data>(createMemoryStore(), options)

const cookieFrom = (response: Response) => response.headers.getSetCookie()[0]?.split(";", 1)[0] ?? ""
const asked = (headers: Record<string, string> = {}, method = "GET") =>
  new Request("https://shop.example/page?secret=1", { method, headers })

describe("the origin check, on by default", () => {
  const foreign = { "sec-fetch-site": "cross-site", origin: "https://evil.example" }

  it("refuses a form post from another site with 403, before the handler runs", async () => {
    const handle = fetchSession(counting(), () => assert.fail("must not run"), { onError: () => {} })
    assert.equal((await handle(asked(foreign, "POST"))).status, 403)
  })

  it("tells it by an event without the query, and does no more in report-only mode", async () => {
    const sessions = counting({ csrf: { reportOnly: true } })
    const events: unknown[] = []
    sessions.on("crossOrigin", event => events.push(event))
    const handle = fetchSession(sessions, () => new Response("ran"))
    assert.equal(await (await handle(asked(foreign, "POST"))).text(), "ran")
    assert.deepEqual(events, [{ method: "POST", path: "/page", origin: "https://evil.example" }])
  })

  it("can be switched off", async () => {
    const handle = fetchSession(counting({ csrf: false }), () => new Response("ran"))
    assert.equal((await handle(asked(foreign, "POST"))).status, 200)
  })

  it("reaches Express's error handler with status 403, over a real socket", async () => {
    const app = express()
    app.use(sessionMiddleware(counting()))
    app.post("/", (_, response) => void response.send("ran"))
    app.use(((error, _request, response, _next) => {
      response.status(error.status).send(error.code)
    }) satisfies express.ErrorRequestHandler)
    const server = app.listen(0, "127.0.0.1")
    await once(server, "listening")
    try {
      const address = server.address()
      assert.ok(typeof address === "object" && address)
      const url = `http://127.0.0.1:${address.port}/`
      const refused = await fetch(url, { method: "POST", headers: foreign })
      assert.equal(refused.status, 403)
      assert.equal(await refused.text(), "ERR_SESSION_CROSS_ORIGIN")
      const own = await fetch(url, {
        method: "POST",
        headers: { origin: `http://127.0.0.1:${address.port}` },
      })
      assert.equal(own.status, 200)
    } finally {
      server.close()
    }
  })
})

for (const token of ["signed", "encrypted"] as const) {
  describe(`${token} tokens over HTTP`, () => {
    const old = generateKey()

    it("open their session, and are given anew once there is a newer key (ASVS 13.3.4)", async () => {
      const store = createMemoryStore()
      const before = new Sessions<Data>(store, { token, keys: [old] })
      const count = async (sessions: Sessions<Data>, cookie?: string) => {
        const handle = fetchSession(sessions, async (_, session) =>
          Response.json(await session.update("count", (value = 0) => value + 1)),
        )
        return await handle(asked(cookie === undefined ? {} : { cookie }))
      }
      const first = await count(before)
      const cookie = cookieFrom(first)
      const same = await count(before, cookie)
      assert.equal(await same.json(), 2)
      assert.deepEqual(same.headers.getSetCookie(), [])

      const after = new Sessions<Data>(store, { token, keys: [generateKey(), old] })
      const renewed = await count(after, cookie)
      assert.equal(await renewed.json(), 3)
      assert.notEqual(cookieFrom(renewed), cookie)
      assert.equal(await (await count(after, cookieFrom(renewed))).json(), 4)
    })

    it("that are forged never reach the store, and the cookie is cleared", async () => {
      const store = createMemoryStore()
      const sessions = new Sessions(store, { token, keys: [old] })
      const plain = new Sessions(store)
      const opened = await plain.open(undefined)
      await opened.login("anna")
      const calls: string[] = []
      store.findNow = id => {
        calls.push(id)
        return undefined
      }
      const handle = fetchSession(sessions, (_, session) => Response.json(session.userId ?? null))
      const answer = await handle(
        asked({ cookie: `__Host-sid=${opened.id}.${"A".repeat(43)}.${"B".repeat(43)}` }),
      )
      assert.equal(await answer.json(), null)
      assert.match(answer.headers.getSetCookie()[0] ?? "", /Max-Age=0/)
      assert.deepEqual(calls, [])
    })
  })
}

describe("sealed sessions over HTTP", () => {
  const old = generateKey()
  const count = async (sessions: SealedSessions<Data>, cookie?: string) => {
    const handle = fetchSession(
      sessions,
      async (_, session) => Response.json(await session.update("count", (value = 0) => value + 1)),
      { onError: () => {} },
    )
    return await handle(asked(cookie === undefined ? {} : { cookie }))
  }

  it("keep the whole session in the cookie, and survive a change of keys", async () => {
    const sessions = new SealedSessions<Data>({ keys: [old] })
    const first = await count(sessions)
    const second = await count(sessions, cookieFrom(first))
    assert.equal(await second.json(), 2)
    const renewed = await count(new SealedSessions<Data>({ keys: [generateKey(), old] }), cookieFrom(second))
    assert.equal(await renewed.json(), 3)
  })

  it("end by their own expiry, whatever the browser keeps (G11)", async () => {
    let now = 1_000_000
    const sessions = new SealedSessions<Data>({ keys: [old], idleTimeout: "10m", now: () => now })
    const cookie = cookieFrom(await count(sessions))
    now += 599_999
    assert.equal(await (await count(sessions, cookie)).json(), 2)
    now += 1
    assert.equal(await (await count(sessions, cookie)).json(), 1)
  })

  it("that have expired leave their cookie alone, as a login may have replaced it by now", async () => {
    let now = 1_000_000
    const sessions = new SealedSessions<Data>({ keys: [old], idleTimeout: "10m", now: () => now })
    const cookie = cookieFrom(await count(sessions))
    now += 600_000
    const handle = fetchSession(sessions, (_, session) => Response.json(session.isStored))
    const answer = await handle(asked({ cookie }))
    assert.equal(await answer.json(), false)
    assert.deepEqual(answer.headers.getSetCookie(), [])
  })

  it("forged or of another name are as good as nothing, and never a 500", async () => {
    const sessions = new SealedSessions<Data>({ keys: [old] })
    const cookie = cookieFrom(await count(sessions))
    const other = new SealedSessions<Data>({ keys: [old], cookie: { name: "__Host-admin" } })
    const foreign = await count(other, cookie.replace("__Host-sid", "__Host-admin"))
    assert.equal(await foreign.json(), 1)
    for (const forged of ["__Host-sid=x", `${cookie.slice(0, -2)}AA`, "__Host-sid="]) {
      const answer = await count(sessions, forged)
      assert.equal(answer.status, 200)
      assert.equal(await answer.json(), 1)
    }
  })

  it("refuse what only a store could do, when compiled and when run", async () => {
    const session = new SealedSessions<Data>({ keys: [old] }).open(undefined)
    await session.login("anna")
    // @ts-expect-error a sealed session cannot be revoked
    await assert.rejects(async () => session.revoke(), isUnsupported)
    // @ts-expect-error nor can the others
    await assert.rejects(async () => session.revokeOthers(), isUnsupported)
  })

  it("that grow too large are a typed error at the call", async () => {
    const session = new SealedSessions<{ text: string }>({ keys: [old] }).open(undefined)
    assert.throws(
      () => session.set("text", "x".repeat(3_000)),
      error => isSessionError(error, "ERR_SESSION_TOO_LARGE"),
    )
  })
})

const isUnsupported = (error: unknown) => isSessionError(error, "ERR_SESSION_UNSUPPORTED")

describe("contradicting options", () => {
  const key = generateKey()
  const wrong: [string, () => unknown][] = [
    ["signed tokens without keys", () => counting({ token: "signed" })],
    ["keys without a use", () => counting({ keys: [key] })],
    ["a short key", () => counting({ token: "encrypted", keys: ["c2hvcnQ"] })],
    ["an unknown kind of token", () => counting(JSON.parse('{"token":"secret"}'))],
    ["a trusted origin that is none", () => counting({ csrf: { trustedOrigins: ["shop.example"] } })],
    ["SameSite=None without Secure", () => counting({ cookie: { sameSite: "none", secure: false } })],
    ["__Host- with a domain", () => counting({ cookie: { name: "__Host-a", domain: "shop.example" } })],
    [
      "a sealed session with a store",
      () => new SealedSessions(JSON.parse(`{"store":"memory:","keys":["${key}"]}`)),
    ],
    ["a sealed session without keys", () => new SealedSessions({ keys: [] })],
    [
      "a sealed session that rotates",
      () => new SealedSessions(JSON.parse(`{"rotateEvery":"1h","keys":["${key}"]}`)),
    ],
  ]
  for (const [what, make] of wrong) {
    it(`${what} throw at the start, and say what to do`, () => {
      assert.throws(make, error => isSessionError(error, "ERR_SESSION_CONFIG") && error.message.includes(":"))
    })
  }
})

describe("guards in adapters", () => {
  it("Express: a person is sent to the login page with 303", async () => {
    const app = express()
    app.use(sessionMiddleware(counting()))
    app.use(
      "/account",
      guard(requireUser({ loginPage: "/login" })),
      (_, response) => void response.send("in"),
    )
    const server = app.listen(0, "127.0.0.1")
    await once(server, "listening")
    try {
      const address = server.address()
      assert.ok(typeof address === "object" && address)
      const url = `http://127.0.0.1:${address.port}/account/x`
      const answer = await fetch(url, { redirect: "manual", headers: { accept: "text/html" } })
      assert.equal(answer.status, 303)
      assert.equal(answer.headers.get("location"), "/login?returnTo=%2Faccount%2Fx")
    } finally {
      server.close()
    }
  })

  it("node:http: `admit` answers and tells", async () => {
    const listener = withSession(counting(), async (request, response, session) => {
      if (await admit(request, response, session, [requireUser()])) response.end("in")
    })
    const server = createServer(listener).listen(0, "127.0.0.1")
    await once(server, "listening")
    try {
      const address = server.address()
      assert.ok(typeof address === "object" && address)
      const answer = await fetch(`http://127.0.0.1:${address.port}/`)
      assert.equal(answer.status, 401)
      assert.equal(answer.headers.get("content-type"), "application/problem+json")
    } finally {
      server.close()
    }
  })

  it("Fetch: a form passes with its session's token only, and is still there for the handler", async () => {
    const handle = fetchSession(
      counting(),
      guarded<Data, []>([requireCsrfToken()], async (request, session) =>
        request.method === "GET"
          ? new Response(csrfField(session))
          : Response.json((await request.formData()).get("amount")),
      ),
    )
    const page = await handle(asked())
    const [, token = ""] = /value="([^"]+)"/.exec(await page.text()) ?? []
    const post = (fields: Record<string, string>) =>
      handle(
        new Request("https://shop.example/page", {
          method: "POST",
          body: new URLSearchParams(fields),
          headers: { cookie: cookieFrom(page) },
        }),
      )
    assert.equal((await post({ amount: "7" })).status, 403)
    assert.equal(await (await post({ amount: "7", _csrf: token })).json(), "7")
  })
})
