import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { setTimeout as delay } from "node:timers/promises"
import { withSession } from "../../src/adapters/node.ts"
import { isSessionError } from "../../src/contract/errors.ts"
import { serve } from "./served.ts"
import { type Handler, spied } from "./sessions.ts"
import { Barrier } from "./spy-store.ts"
import { cookieOf, headerOf, parseAnswer, Wire } from "./wire.ts"

/** Serves the handler over a store that is slow, and gives the answer to one request. */
async function answerOf(handler: Handler) {
  const { sessions, store } = spied()
  const errors: unknown[] = []
  store.beforeApply = () => delay(10)
  await using server = await serve(withSession(sessions, handler, { onError: error => errors.push(error) }))
  const wire = new Wire(server).request()
  const ending = await wire.ended
  return { answer: parseAnswer(wire.received), ending, text: wire.received, errors, store }
}

describe("what a handler does after it has begun to answer", () => {
  it("an answer that is complete is not changed by what the handler says of it later", async () => {
    const { answer } = await answerOf((_request, response, session) => {
      session.set("step", 1)
      response.setHeader("X-One", "1").end("first")
      response.statusCode = 500
      response.statusMessage = "Late"
      response.setHeader("X-One", "2").removeHeader("X-One")
      response.end("second")
    })
    assert.partialDeepStrictEqual(answer, { status: 200, reason: "OK", body: "first" })
    assert.deepEqual(headerOf(answer, "x-one"), ["1"])
  })

  it("an error after a complete answer does not take its place", async () => {
    const { answer, errors } = await answerOf(async (_request, response, session) => {
      session.set("step", 1)
      response.end("first")
      throw new Error("too late")
    })
    assert.partialDeepStrictEqual(answer, { status: 200, body: "first" })
    assert.equal(errors.length, 1)
  })

  it("an error in the middle of a body cuts the answer off, rather than passing for a whole one", async () => {
    const { text, errors, store } = await answerOf(async (_request, response, session) => {
      session.set("step", 1)
      response.write("half")
      throw new Error("no more")
    })
    assert.equal(text, "")
    assert.equal(errors.length, 1)
    await delay(20)
    assert.equal(store.stored("step"), 1)
  })

  it("once the body has begun, headers cannot be changed, as with any response", async () => {
    const { answer } = await answerOf((_request, response, session) => {
      session.set("step", 1)
      response.write("hello")
      assert.equal(response.headersSent, true)
      assert.throws(() => response.setHeader("X-Late", "1"), { code: "ERR_HTTP_HEADERS_SENT" })
      response.end()
    })
    assert.deepEqual(headerOf(answer, "x-late"), [])
    assert.equal(answer.body, "hello")
  })

  it("an answer that Node refuses becomes a 500, though it was held back", async () => {
    for (const bad of ["Bad\nheader", "☃"]) {
      const { answer, errors } = await answerOf((_request, response, session) => {
        session.set("step", 1)
        response.writeHead(200, { "X-Bad": bad }).end("hello")
      })
      assert.equal(answer.status, 500)
      assert.ok(answer.whole)
      assert.equal(errors.length, 1)
      assert.ok(cookieOf(answer))
    }
  })

  it("G6: what is changed while the answer is held back is stored before it leaves", async () => {
    const { sessions, store } = spied()
    const barrier = new Barrier()
    store.beforeApply = barrier.hook
    const handled = Promise.withResolvers<void>()
    await using server = await serve(
      withSession(sessions, async (_request, response, session) => {
        session.set("step", 1)
        response.end("hello")
        await barrier.reached
        session.set("step", 2)
        handled.resolve()
      }),
    )
    const wire = new Wire(server).request()
    await handled.promise
    barrier.open()
    assert.equal(parseAnswer(await wire.answer()).body, "hello")
    assert.deepEqual(store.calls, ["create", "patch"])
    assert.equal(store.stored("step"), 2)
  })

  it("G6: an operation that the handler forgot to await is stored before the answer leaves, with its cookie", async () => {
    const { answer, store } = await answerOf((_request, response, session) => {
      void session.login("anna")
      response.writeHead(302, { Location: "/" }).end()
    })
    assert.ok(cookieOf(answer))
    assert.equal(store.records[0]?.login?.userId, "anna")
  })

  it("G6: on a stored session, what is set after the head has left is stored before the body ends", async () => {
    const { sessions, store } = spied()
    await using server = await serve(
      withSession(sessions, async (request, response, session) => {
        if (request.url === "/late") {
          response.writeHead(200)
          response.write("begun ")
          session.set("step", 2)
          await delay(5)
          assert.deepEqual(store.calls, ["create", "find"])
        } else session.set("step", 1)
        response.end("ended")
      }),
    )
    const cookie = cookieOf(parseAnswer(await new Wire(server).request().answer())) ?? ""
    const barrier = new Barrier()
    store.beforeApply = barrier.hook
    const wire = new Wire(server).request("/late", { Cookie: cookie })
    await barrier.reached
    assert.match(wire.received, /begun/)
    assert.doesNotMatch(wire.received, /ended/)
    barrier.open()
    assert.equal(parseAnswer(await wire.answer()).body, "begun ended")
    assert.equal(store.stored("step"), 2)
  })

  it("a new session after the head has left is refused, as its cookie could not be sent", async () => {
    const { text, store } = await answerOf((_request, response, session) => {
      response.write("begun ")
      assert.throws(() => session.set("step", 1), { code: "ERR_SESSION_HEADERS_SENT" })
      response.end("ended")
    })
    assert.equal(parseAnswer(text).body, "begun ended")
    assert.deepEqual(store.calls, [])
  })

  it("a login after the head has left is refused; so is any change after the end", async () => {
    const { store, text } = await answerOf(async (_request, response, session) => {
      response.write("begun ")
      await assert.rejects(session.login("anna"), error => isSessionError(error, "ERR_SESSION_HEADERS_SENT"))
      response.end("ended")
      assert.throws(() => session.flash("bye"), { code: "ERR_SESSION_HEADERS_SENT" })
    })
    assert.equal(parseAnswer(text).body, "begun ended")
    assert.deepEqual(store.calls, [])
  })
})
