import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { setTimeout as delay } from "node:timers/promises"
import { openSession, withSession } from "../../src/adapters/node.ts"
import { isSessionError } from "../../src/contract/errors.ts"
import { serve } from "./served.ts"
import { type Handler, spied } from "./sessions.ts"
import { broken, hanging } from "./spy-store.ts"
import { type Answer, cookieOf, headerOf, parseAnswer, Wire } from "./wire.ts"

const atOnce = async (): Promise<void> => {}

/** A server, the cookie of a session that was stored while the store was well, and the errors that were reported. */
async function givenA(handler: Handler, options = {}) {
  const { sessions, store } = spied(options)
  const errors: unknown[] = []
  const listener = withSession(
    sessions,
    (request, response, session) => {
      if (request.url !== "/first") return handler(request, response, session)
      session.set("step", 1)
      return response.end()
    },
    { onError: error => errors.push(error) },
  )
  const server = await serve(listener)
  const first = parseAnswer(await new Wire(server).request("/first").answer())
  const ask = async (path = "/", cookie = cookieOf(first) ?? ""): Promise<Answer> =>
    parseAnswer(await new Wire(server).request(path, { Cookie: cookie }).answer())
  return { sessions, store, errors, server, ask }
}

const busy = { status: 503, body: "The service is busy. Please try again.\n", whole: true }

describe("failing stores by node:http", () => {
  it("G6: a change that cannot be stored is never a 200 (expressjs/session#266, #538, #758)", async () => {
    const { store, server, ask, errors } = await givenA((_request, response, session) => {
      session.set("step", 2)
      response.statusMessage = "Splendid"
      response.writeHead(200, { "Content-Length": 5, "Content-Type": "image/png", ETag: '"1"' }).end("hello")
    })
    await using _ = server
    store.beforeApply = broken
    const answer = await ask()
    assert.partialDeepStrictEqual(answer, { ...busy, reason: "Service Unavailable" })
    assert.deepEqual(headerOf(answer, "content-type"), ["text/plain; charset=utf-8"])
    assert.deepEqual(headerOf(answer, "etag"), [])
    assert.equal(errors.length, 1)
    assert.ok(isSessionError(errors[0], "ERR_SESSION_STORE_UNAVAILABLE"))
    assert.equal(store.stored("step"), 1)
  })

  it("G6: the error page has none of the headers of the body that it stands for", async () => {
    const headers = {
      "Accept-Ranges": "bytes",
      "Cache-Control": "public, max-age=3600",
      "Content-Disposition": "attachment",
      "Content-Encoding": "gzip",
      "Content-Language": "tlh",
      "Content-Range": "bytes 0-4/5",
      Expires: "Thu, 01 Jan 2099 00:00:00 GMT",
      "Last-Modified": "Thu, 01 Jan 1970 00:00:00 GMT",
      Location: "/welcome",
    }
    const { store, server, ask } = await givenA((_request, response, session) => {
      session.set("step", 2)
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
      response.setHeader("X-Request-Id", "7").end("hello")
    })
    await using _ = server
    store.beforeApply = broken
    const answer = await ask()
    assert.partialDeepStrictEqual(answer, busy)
    for (const name of Object.keys(headers)) assert.deepEqual(headerOf(answer, name.toLowerCase()), [], name)
    assert.deepEqual(headerOf(answer, "x-request-id"), ["7"])
  })

  it("G12: a session that cannot be read is a 503, never an undefined session (tj/connect-redis#88)", async () => {
    const { store, server, ask } = await givenA(() => assert.fail("the handler was called"))
    await using _ = server
    store.beforeFind = broken
    assert.partialDeepStrictEqual(await ask(), busy)
  })

  for (const [call, hook] of [
    ["find", "beforeFind"],
    ["apply", "beforeApply"],
  ] as const) {
    it(`G12: a store that hangs in ${call} is a 503 within the deadline (tj/connect-redis#88, #373)`, async () => {
      const { store, server, ask, errors } = await givenA(
        (_request, response, session) => {
          session.set("step", 2)
          response.end("hello")
        },
        { storeTimeout: 80 },
      )
      await using _ = server
      store[hook] = hanging
      const begun = performance.now()
      assert.partialDeepStrictEqual(await ask(), busy)
      const took = performance.now() - begun
      assert.ok(took > 70 && took < 800, `it took ${took} ms`)
      assert.ok(isSessionError(errors[0], "ERR_SESSION_STORE_TIMEOUT"))
    })
  }

  it("G12: many requests on a store that hangs all get their 503 within the deadline", async () => {
    const { store, server, ask } = await givenA((_request, response) => response.end("hello"), {
      storeTimeout: 80,
    })
    await using _ = server
    store.beforeFind = hanging
    const begun = performance.now()
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask()))
    assert.ok(answers.every(answer => answer.status === 503))
    assert.ok(performance.now() - begun < 800)
  })

  it("G6: when the body has begun, the client sees that the answer was cut off", async () => {
    const { store, server, ask, errors } = await givenA(async (_request, response, session) => {
      response.writeHead(200)
      response.write("begun ")
      await delay(10)
      store.beforeApply = broken
      session.set("step", 2)
      response.end("ended")
    })
    await using _ = server
    const answer = await ask()
    assert.equal(answer.status, 200)
    assert.equal(answer.whole, false)
    assert.doesNotMatch(answer.body, /ended/)
    assert.ok(isSessionError(errors[0], "ERR_SESSION_STORE_UNAVAILABLE"))
  })

  it("G12: under the anonymous policy readers are served, and whoever changes something gets the error", async () => {
    const { store, server, ask } = await givenA(
      (request, response, session) => {
        if (request.url === "/write") session.set("step", 2)
        response.end(String(session.get("step")))
      },
      { onStoreFailure: "anonymous" },
    )
    await using _ = server
    store.beforeFind = broken
    assert.partialDeepStrictEqual(await ask("/read"), { status: 200, body: "undefined" })
    assert.partialDeepStrictEqual(await ask("/write"), busy)
    store.beforeFind = atOnce
    assert.partialDeepStrictEqual(await ask("/read"), { status: 200, body: "1" })
  })

  it("G2: a request that a logout overtook gets a 401, and nothing of it is stored", async () => {
    const { sessions, store, server, ask } = await givenA(async (_request, response, session) => {
      await sessions.revoke(session.id)
      session.set("step", 2)
      response.end("hello")
    })
    await using _ = server
    assert.partialDeepStrictEqual(await ask(), { status: 401, whole: true })
    assert.equal(store.records.length, 0)
  })

  it("an error in the handler becomes a 500 that tells nothing, before and after a change", async () => {
    const { store, server, ask, errors } = await givenA(async (request, _response, session) => {
      if (request.url === "/before") throw new Error("secret detail")
      session.set("step", 2)
      throw new Error("secret detail")
    })
    await using _ = server
    for (const path of ["/before", "/after"]) {
      assert.partialDeepStrictEqual(await ask(path), { status: 500, body: "Internal server error.\n" })
    }
    assert.equal(errors.length, 2)
    assert.equal(store.stored("step"), 2)
  })

  it("an error that is thrown at once is treated as one that a promise brings", async () => {
    const { server, ask } = await givenA(() => {
      throw new Error("secret detail")
    })
    await using _ = server
    assert.equal((await ask()).status, 500)
    assert.equal((await ask("/", "none")).status, 500)
  })

  it("G6: a login that was stored reaches the client even when a later change was not", async () => {
    const { store, server, ask } = await givenA(async (_request, response, session) => {
      await session.login("anna")
      store.beforeApply = broken
      session.set("step", 2)
      response.end("hello")
    })
    await using _ = server
    const answer = await ask()
    assert.equal(answer.status, 503)
    assert.ok(cookieOf(answer))
  })

  it("openSession leaves the answer to a failed commit to whoever asks for it, once", async () => {
    const { sessions, store } = spied()
    store.beforeApply = broken
    const seen: unknown[] = []
    await using server = await serve(async (request, response) => {
      const session = await openSession(sessions, request, response, {}, (error, failed) => {
        seen.push(error)
        failed.setHeader("Content-Type", "text/html")
        failed.end(`<h1>${failed.statusCode}</h1>`)
      })
      session.set("step", 1)
      response.write("dropped")
      response.end("too")
    })
    const answer = parseAnswer(await new Wire(server).request().answer())
    assert.partialDeepStrictEqual(answer, { status: 503, body: "<h1>503</h1>", whole: true })
    assert.equal(seen.length, 1)
  })

  it("without onError, what an operator has to know goes to the console, and everyday failures do not", async t => {
    const printed = t.mock.method(console, "error", () => {})
    const { sessions, store } = spied()
    await using server = await serve(
      withSession(sessions, async (request, response, session) => {
        await session.save()
        if (request.url === "/gone") {
          session.set("step", 1)
          await session.save()
          await sessions.revoke(session.id)
        } else store.beforeApply = broken
        session.set("step", 2)
        response.end()
      }),
    )
    assert.equal(parseAnswer(await new Wire(server).request("/gone").answer()).status, 401)
    assert.equal(printed.mock.callCount(), 0)
    assert.equal(parseAnswer(await new Wire(server).request("/").answer()).status, 503)
    assert.equal(printed.mock.callCount(), 1)
  })
})
