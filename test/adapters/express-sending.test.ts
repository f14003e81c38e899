import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { describe, it } from "node:test"
import { setTimeout as delay } from "node:timers/promises"
import express, { type Request, type Response } from "express"
import { session } from "../../src/adapters/express.ts"
import { Sessions } from "../../src/http/sessions.ts"
import { ReferenceStore } from "../testing/reference-store.ts"
import { compress } from "./compressing.ts"
import { serve } from "./served.ts"
import { spied } from "./sessions.ts"
import { Barrier } from "./spy-store.ts"
import { cookieOf, headerOf, parseAnswer, Wire } from "./wire.ts"

interface Way {
  readonly name: string
  readonly send: (request: Request, response: Response) => unknown
  readonly status: number
  readonly body: string
  readonly method?: string
}

const self = readFileSync(import.meta.filename, "latin1")

const ways: Way[] = [
  { name: "send", send: (_, response) => response.send("hello"), status: 200, body: "hello" },
  { name: "json", send: (_, response) => response.status(201).json({ a: 1 }), status: 201, body: '{"a":1}' },
  { name: "sendStatus", send: (_, response) => response.sendStatus(204), status: 204, body: "" },
  {
    name: "redirect (expressjs/session#360, #167, #309, #660)",
    send: (_, response) => response.redirect("/next"),
    status: 302,
    body: "Found. Redirecting to /next",
  },
  {
    name: "sendFile",
    send: (_, response) => response.sendFile(import.meta.filename),
    status: 200,
    body: self,
  },
  {
    name: "download",
    send: (_, response) => response.download(import.meta.filename, "it.ts"),
    status: 200,
    body: self,
  },
  {
    name: "send with cookies of its own",
    send: (_, response) => response.cookie("a", "1").cookie("b", "2").send("hello"),
    status: 200,
    body: "hello",
  },
  { name: "HEAD", method: "HEAD", send: (_, response) => response.send("unseen"), status: 200, body: "" },
  {
    name: "a body that the client has already",
    send: (request, response) => {
      response.set("ETag", '"1"')
      request.headers["if-none-match"] = '"1"'
      response.send("unseen")
    },
    status: 304,
    body: "",
  },
]

describe("sending by Express", () => {
  for (const way of ways) {
    it(`G6: nothing leaves before the session is stored: ${way.name}`, async () => {
      const { sessions, store } = spied()
      const barrier = new Barrier()
      store.beforeApply = barrier.hook
      const app = express()
      app.use(session(sessions))
      app.all("/", (request, response) => {
        request.session.set("step", 1)
        return way.send(request, response)
      })
      await using server = await serve(app)
      const wire = new Wire(server).request("/", {}, way.method)
      await barrier.reached
      await delay(15)
      assert.equal(wire.received, "")
      barrier.open()
      const answer = parseAnswer(await wire.answer())
      assert.partialDeepStrictEqual(answer, { status: way.status, body: way.body })
      assert.ok(cookieOf(answer))
      assert.equal(headerOf(answer, "set-cookie").length, way.name.includes("cookies of its own") ? 3 : 1)
      assert.deepEqual(headerOf(answer, "cache-control"), ["no-store"])
      assert.equal(store.stored("step"), 1)
    })
  }

  it("G5: who follows the redirect after a login finds the session (expressjs/session#360)", async () => {
    const { sessions, store } = spied()
    store.beforeApply = () => delay(20)
    const app = express()
    app.use(session(sessions))
    app.get("/login", async (request, response) => {
      await request.session.login("anna")
      request.session.flash("welcome")
      response.redirect("/")
    })
    app.get("/", (request, response) => response.json([request.session.userId, request.session.flashes()]))
    await using server = await serve(app)
    const login = parseAnswer(await new Wire(server).request("/login").answer())
    const next = headerOf(login, "location")[0]
    const page = parseAnswer(await new Wire(server).request(next, { Cookie: cookieOf(login) ?? "" }).answer())
    assert.deepEqual(JSON.parse(page.body), ["anna", [{ message: "welcome", kind: "info" }]])
  })

  for (const order of ["before", "after"]) {
    it(`a file is compressed by a middleware ${order} the session's, and arrives whole`, async () => {
      const { sessions } = spied()
      const app = express()
      const compression: express.RequestHandler = (_request, response, next) => {
        compress(response)
        next()
      }
      if (order === "before") app.use(compression)
      app.use(session(sessions))
      if (order === "after") app.use(compression)
      app.get("/", (request, response) => {
        request.session.set("step", 1)
        response.sendFile(import.meta.filename)
      })
      await using server = await serve(app)
      const answer = await fetch(server.origin, { signal: AbortSignal.timeout(5_000) })
      assert.equal(await answer.text(), readFileSync(import.meta.filename, "utf8"))
      assert.match(answer.headers.get("set-cookie") ?? "", /^sid=/)
    })
  }
})

describe("sessions by Express", () => {
  it("a session survives its requests, with an immediate store", async () => {
    const sessions = new Sessions(new ReferenceStore(Date.now), { cookie: { secure: false } })
    const app = express()
    app.use(session(sessions))
    app.get("/", (request, response) => {
      request.session.set("views", Number(request.session.get("views") ?? 0) + 1)
      response.json(request.session.get("views"))
    })
    await using server = await serve(app)
    const first = parseAnswer(await new Wire(server).request().answer())
    const second = parseAnswer(
      await new Wire(server).request("/", { Cookie: cookieOf(first) ?? "" }).answer(),
    )
    assert.deepEqual([first.body, second.body], ["1", "2"])
    await sessions.close()
  })

  it("G8: anonymous reads, skipped requests and preflights cost nothing (expressjs/session#114, #284, #434)", async () => {
    const { sessions, store } = spied()
    const app = express()
    app.use(session(sessions, { skip: request => request.url?.startsWith("/static") === true }))
    app.use((request, response) => {
      if (request.method === "OPTIONS") request.session.set("preflight", true)
      response.send(request.session === undefined ? "none" : request.session.keys())
    })
    await using server = await serve(app)
    const token = `sid=${"a".repeat(22)}.${"b".repeat(43)}`
    const skipped = parseAnswer(await new Wire(server).request("/static/x.css", { Cookie: token }).answer())
    assert.equal(skipped.body, "none")
    for (const wire of [
      new Wire(server).request("/"),
      new Wire(server).request("/", { "Access-Control-Request-Method": "PUT" }, "OPTIONS"),
    ]) {
      const answer = parseAnswer(await wire.answer())
      assert.equal(answer.status, 200)
      assert.deepEqual(headerOf(answer, "set-cookie"), [])
    }
    assert.deepEqual(store.calls, [])
  })

  it("mounted twice, it opens one session", async () => {
    const { sessions, store } = spied()
    const app = express()
    app.use(session(sessions))
    app.use(session(sessions))
    app.get("/", (request, response) => {
      request.session.set("step", 1)
      response.end()
    })
    await using server = await serve(app)
    assert.equal(headerOf(parseAnswer(await new Wire(server).request().answer()), "set-cookie").length, 1)
    assert.deepEqual(store.calls, ["create"])
  })
})
