import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { withSession } from "../../src/adapters/node.ts"
import { Sessions } from "../../src/http/sessions.ts"
import { ReferenceStore } from "../testing/reference-store.ts"
import { serve } from "./served.ts"
import { spied } from "./sessions.ts"
import { type Answer, cookieOf, headerOf, parseAnswer, Wire } from "./wire.ts"

const counting = (sessions: Sessions, options = {}) =>
  withSession(
    sessions,
    (request, response, session) => {
      if (request.url === "/read") return response.end(String(session.get("views")))
      const views = Number(session.get("views") ?? 0) + 1
      session.set("views", views)
      return response.end(String(views))
    },
    options,
  )

const wellFormed = `${"a".repeat(22)}.${"b".repeat(43)}`

describe("sessions by node:http", () => {
  for (const kind of ["immediate", "asynchronous"]) {
    it(`a session survives its requests, with an ${kind} store`, async () => {
      const store = new ReferenceStore(Date.now)
      const sessions =
        kind === "immediate" ? new Sessions(store, { cookie: { secure: false } }) : spied().sessions
      await using server = await serve(counting(sessions))
      const first = parseAnswer(await new Wire(server).request().answer())
      const headers = { Cookie: `other=1; ${cookieOf(first)}` }
      const second = parseAnswer(await new Wire(server).request("/", headers).answer())
      const third = parseAnswer(await new Wire(server).request("/read", headers).answer())
      assert.deepEqual([first.body, second.body, third.body], ["1", "2", "2"])
      assert.deepEqual(headerOf(second, "set-cookie"), [])
      assert.deepEqual(headerOf(second, "cache-control"), [])
      await sessions.close()
    })
  }

  it("G8: reading anonymously costs no call of the store, no cookie and no row (expressjs/session#372, #273, #169)", async () => {
    const { sessions, store } = spied()
    await using server = await serve(counting(sessions))
    const answer = parseAnswer(await new Wire(server).request("/read").answer())
    assert.equal(answer.body, "undefined")
    assert.deepEqual(headerOf(answer, "set-cookie"), [])
    assert.deepEqual(headerOf(answer, "cache-control"), [])
    assert.deepEqual(store.calls, [])
  })

  it("G8: a malformed cookie is an anonymous request without a store call, and is cleared (gorilla/sessions#16, #211, #249)", async () => {
    const { sessions, store } = spied()
    await using server = await serve(counting(sessions))
    for (const value of [
      "",
      "x",
      "../../etc/passwd",
      "%00",
      "s%3Aold.signature",
      `${wellFormed}x`,
      "__proto__",
    ]) {
      const answer = parseAnswer(await new Wire(server).request("/read", { Cookie: `sid=${value}` }).answer())
      assert.equal(answer.status, 200)
      assert.match(headerOf(answer, "set-cookie")[0] ?? "", /^sid=; Max-Age=0; /)
    }
    assert.deepEqual(store.calls, [])
  })

  it("G3: an id that the server did not issue is not adopted, and what is stored then gets another", async () => {
    const { sessions, store } = spied()
    await using server = await serve(counting(sessions))
    const answer = parseAnswer(await new Wire(server).request("/", { Cookie: `sid=${wellFormed}` }).answer())
    assert.equal(answer.body, "1")
    assert.ok(cookieOf(answer) !== `sid=${wellFormed}`)
    assert.notEqual(store.records[0]?.id, "a".repeat(22))
    assert.deepEqual(store.calls, ["find", "create"])
  })

  it("G7: a request that only reads writes nothing and adds nothing to its answer (expressjs/session#891, fastify/session#310)", async () => {
    const { sessions, store } = spied()
    await using server = await serve(counting(sessions))
    const cookie = cookieOf(parseAnswer(await new Wire(server).request().answer())) ?? ""
    const answer = parseAnswer(await new Wire(server).request("/read", { Cookie: cookie }).answer())
    const names = answer.headers.map(([name]) => name)
    assert.deepEqual(names, ["date", "connection", "content-length"])
    assert.deepEqual(store.calls, ["create", "find"])
  })

  it("a preflight creates no session, whatever its handler does (expressjs/session#434, #374, #520, #653)", async () => {
    const { sessions, store } = spied()
    await using server = await serve(counting(sessions))
    const headers = {
      Origin: "https://shop.example",
      "Access-Control-Request-Method": "PUT",
      Cookie: "sid=bad",
    }
    const answer = parseAnswer(await new Wire(server).request("/", headers, "OPTIONS").answer())
    assert.equal(answer.status, 200)
    assert.deepEqual(headerOf(answer, "set-cookie"), [])
    assert.deepEqual(store.calls, [])
  })

  it("lazily: nothing is read until the handler loads the session (expressjs/session#284, #589)", async () => {
    const { sessions, store } = spied()
    const listener = withSession(
      sessions,
      async (request, response, session) => {
        if (request.url === "/static") return response.end("a file")
        if (request.url === "/eager") return response.end(String(session.get("views")))
        await session.load()
        session.set("views", Number(session.get("views") ?? 0) + 1)
        return response.end(String(session.get("views")))
      },
      { lazy: request => request.url !== "/eager" },
    )
    await using server = await serve(listener)
    const cookie = cookieOf(parseAnswer(await new Wire(server).request().answer())) ?? ""
    const ask = async (path: string): Promise<Answer> =>
      parseAnswer(await new Wire(server).request(path, { Cookie: cookie }).answer())
    assert.equal((await ask("/static")).body, "a file")
    assert.deepEqual(store.calls, ["create"])
    assert.equal((await ask("/page")).body, "2")
    assert.equal((await ask("/eager")).body, "2")
    assert.deepEqual(store.calls, ["create", "find", "patch", "find"])
  })

  it("a lazy session that is used before it is loaded says what to do", async () => {
    const { sessions } = spied()
    const errors: unknown[] = []
    await using server = await serve(
      withSession(sessions, (_request, response, session) => response.end(session.id), {
        lazy: true,
        onError: error => errors.push(error),
      }),
    )
    const answer = parseAnswer(await new Wire(server).request("/", { Cookie: `sid=${wellFormed}` }).answer())
    assert.equal(answer.status, 500)
    assert.match(String(errors[0]), /await session\.load\(\)/)
  })

  it("saved once per request, however much it changes (expressjs/session#935, #849)", async () => {
    const { sessions, store } = spied()
    await using server = await serve(
      withSession(sessions, (_request, response, session) => {
        for (const key of ["a", "b", "c"]) session.set(key, 1)
        session.delete("b")
        response.write("he")
        response.end("llo")
      }),
    )
    await new Wire(server).request().answer()
    assert.deepEqual(store.calls, ["create"])
    assert.deepEqual([...(store.records[0]?.data.keys() ?? [])], ["a", "c"])
  })

  it("logout clears the cookie with the attributes that it was set with", async () => {
    const { sessions, store } = spied()
    await using server = await serve(
      withSession(sessions, async (request, response, session) => {
        if (request.url === "/logout") await session.logout()
        else session.set("step", 1)
        response.end()
      }),
    )
    const first = parseAnswer(await new Wire(server).request().answer())
    const last = parseAnswer(
      await new Wire(server).request("/logout", { Cookie: cookieOf(first) ?? "" }).answer(),
    )
    assert.match(
      headerOf(last, "set-cookie")[0] ?? "",
      /^sid=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=\/; HttpOnly; SameSite=Lax$/,
    )
    assert.deepEqual(headerOf(last, "cache-control"), ["no-store"])
    assert.equal(store.records.length, 0)
  })

  it("what is known of the client is stored with the session, as far as proxies are trusted", async () => {
    const { sessions, store } = spied({ trustProxy: ["loopback"] })
    await using server = await serve(counting(sessions))
    const headers = { "User-Agent": "u".repeat(2_000), "X-Forwarded-For": "192.0.2.1, 198.51.100.7" }
    await new Wire(server).request("/", headers).answer()
    assert.deepEqual(store.records[0]?.client, { address: "198.51.100.7", userAgent: "u".repeat(512) })
  })
})
