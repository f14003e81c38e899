import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { setTimeout as delay } from "node:timers/promises"
import express, { type ErrorRequestHandler, type RequestHandler } from "express"
import { session } from "../../src/adapters/express.ts"
import { serve } from "./served.ts"
import { spied } from "./sessions.ts"
import { broken, hanging } from "./spy-store.ts"
import { headerOf, parseAnswer, Wire } from "./wire.ts"

interface Seen {
  readonly code: unknown
  readonly status: unknown
}

/** An application whose handler changes its session while the store is broken, and what its error handler was told. */
function failing(handler: RequestHandler, options = {}) {
  const { sessions, store } = spied(options)
  store.beforeApply = broken
  const seen: Seen[] = []
  const app = express().set("env", "test")
  app.use(session(sessions))
  app.get("/", handler)
  const page: ErrorRequestHandler = (error, _request, response, next) => {
    seen.push({ code: error.code, status: error.status })
    if (response.headersSent) next(error)
    else response.status(error.status ?? 500).send(`<h1>Sorry: ${error.status}</h1>`)
  }
  return { app, page, store, sessions, seen }
}

const unavailable: Seen = { code: "ERR_SESSION_STORE_UNAVAILABLE", status: 503 }

const ways: Record<string, RequestHandler> = {
  send: (_request, response) => void response.send("hello"),
  json: (_request, response) => void response.json({ hello: true }),
  redirect: (_request, response) => void response.redirect("/next"),
  sendFile: (_request, response) => void response.sendFile(import.meta.filename),
  "write and end": (_request, response) => {
    response.write("one")
    response.write("two")
    response.end("three")
  },
  "an async handler": async (_request, response) => {
    await delay(1)
    response.send("hello")
  },
}

describe("failing stores by Express", () => {
  for (const [name, send] of Object.entries(ways)) {
    it(`G6: the error handler draws the page, once, in place of ${name} (expressjs/session#266, #538, #758)`, async () => {
      const { app, page, seen, store } = failing((request, response, next) => {
        request.session.set("step", 1)
        response.set("Content-Language", "tlh")
        return send(request, response, next)
      })
      app.use(page)
      await using server = await serve(app)
      const answer = parseAnswer(await new Wire(server).request().answer())
      assert.partialDeepStrictEqual(answer, { status: 503, body: "<h1>Sorry: 503</h1>", whole: true })
      assert.deepEqual(headerOf(answer, "content-type"), ["text/html; charset=utf-8"])
      for (const name of ["location", "content-language", "last-modified", "accept-ranges", "set-cookie"]) {
        assert.deepEqual(headerOf(answer, name), [], name)
      }
      assert.deepEqual(seen, [unavailable])
      assert.equal(store.records.length, 0)
    })
  }

  it("G6: an error handler that takes its time draws the page as well", async () => {
    const { app, seen } = failing((request, response) => {
      request.session.set("step", 1)
      response.json({ hello: true })
    })
    const slow: ErrorRequestHandler = async (error, _request, response, _next) => {
      seen.push({ code: error.code, status: error.status })
      await delay(10)
      response.status(error.status).json({ sorry: true })
    }
    app.use(slow)
    await using server = await serve(app)
    const answer = parseAnswer(await new Wire(server).request().answer())
    assert.partialDeepStrictEqual(answer, { status: 503, body: '{"sorry":true}', whole: true })
    assert.deepEqual(seen, [unavailable])
  })

  it("G6: without an error handler Express's own answers with the error's status", async () => {
    const { app } = failing((request, response) => {
      request.session.set("step", 1)
      response.send("hello")
    })
    await using server = await serve(app)
    assert.partialDeepStrictEqual(parseAnswer(await new Wire(server).request().answer()), {
      status: 503,
      whole: true,
    })
  })

  it("G6: from within a router as well", async () => {
    const { app, page, seen } = failing((_request, _response, next) => next())
    const router = express.Router()
    router.get("/deep", (request, response) => {
      request.session.set("step", 1)
      response.send("hello")
    })
    app.use("/router", router)
    app.use(page)
    await using server = await serve(app)
    const answer = parseAnswer(await new Wire(server).request("/router/deep").answer())
    assert.equal(answer.status, 503)
    assert.deepEqual(seen, [unavailable])
  })

  it("an operation that the handler awaits fails there, with the same status", async () => {
    const { app, page, seen } = failing(async (request, response) => {
      await request.session.login("anna")
      response.send("hello")
    })
    app.use(page)
    await using server = await serve(app)
    assert.equal(parseAnswer(await new Wire(server).request().answer()).status, 503)
    assert.deepEqual(seen, [unavailable])
  })

  it("G12: a store that hangs becomes a 503 within the deadline, on reading and on writing (tj/connect-redis#88, #373)", async () => {
    const { app, page, seen, store } = failing(
      (request, response) => {
        request.session.set("step", 1)
        response.send("hello")
      },
      { storeTimeout: 60 },
    )
    app.use(page)
    store.beforeApply = hanging
    store.beforeFind = hanging
    await using server = await serve(app)
    const token = { Cookie: `sid=${"a".repeat(22)}.${"b".repeat(43)}` }
    for (const headers of [{}, token]) {
      const begun = performance.now()
      assert.equal(parseAnswer(await new Wire(server).request("/", headers).answer()).status, 503)
      assert.ok(performance.now() - begun < 800)
    }
    const timeout: Seen = { code: "ERR_SESSION_STORE_TIMEOUT", status: 503 }
    assert.deepEqual(seen, [timeout, timeout])
  })

  it("G6: once the body has begun the connection is cut, and no handler is called on a response that has left", async t => {
    const printed = t.mock.method(console, "error", () => {})
    const { app, page, seen, store, sessions } = failing(async (request, response) => {
      store.beforeApply = async () => {}
      request.session.set("step", 1)
      response.write("begun")
      await delay(10)
      store.beforeApply = broken
      request.session.set("step", 2)
      response.end("ended")
    })
    app.use(page)
    await using server = await serve(app)
    const answer = parseAnswer(await new Wire(server).request().answer())
    assert.partialDeepStrictEqual(answer, { status: 200, body: "begun", whole: false })
    assert.deepEqual(seen, [])
    assert.equal(printed.mock.callCount(), 1)
    await sessions.close()
  })
})

describe("errors in Express handlers", () => {
  for (const when of ["before", "after"]) {
    for (const kind of ["thrown", "rejected"]) {
      it(`an error ${kind} ${when} a change is the application's, and the change is stored with its page`, async () => {
        const { app, page, seen, store } = failing(request => {
          if (when === "after") request.session.set("step", 1)
          const error = Object.assign(new Error("I am a teapot"), { status: 418 })
          if (kind === "rejected") return Promise.reject(error)
          throw error
        })
        app.use(page)
        store.beforeApply = async () => {}
        await using server = await serve(app)
        const answer = parseAnswer(await new Wire(server).request().answer())
        assert.partialDeepStrictEqual(answer, { status: 418, body: "<h1>Sorry: 418</h1>", whole: true })
        assert.deepEqual(seen, [{ code: undefined, status: 418 }])
        assert.equal(store.stored("step"), when === "after" ? 1 : undefined)
      })
    }
  }

  it("a handler that answers and then calls next() keeps its answer", async () => {
    const { app, store } = failing((request, response, next) => {
      request.session.set("step", 1)
      response.json({ hello: true })
      next()
    })
    store.beforeApply = () => delay(5)
    await using server = await serve(app)
    const answer = parseAnswer(await new Wire(server).request().answer())
    assert.partialDeepStrictEqual(answer, { status: 200, body: '{"hello":true}', whole: true })
  })

  it("a handler that answers and then fails keeps its answer", async () => {
    const { app, store, page } = failing(async (request, response) => {
      request.session.set("step", 1)
      response.json({ hello: true })
      throw new Error("too late")
    })
    app.use(page)
    store.beforeApply = () => delay(5)
    await using server = await serve(app)
    const answer = parseAnswer(await new Wire(server).request().answer())
    assert.partialDeepStrictEqual(answer, { status: 200, body: '{"hello":true}', whole: true })
  })
})
