import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { setTimeout as delay } from "node:timers/promises"
import { withSession } from "../../src/adapters/node.ts"
import { isSessionError } from "../../src/contract/errors.ts"
import { serve } from "./served.ts"
import { type Handler, spied } from "./sessions.ts"
import { Barrier, broken } from "./spy-store.ts"
import { Wire } from "./wire.ts"

/** A request whose client goes away once the handler says so; resolves when the handler is done and all has settled. */
async function aborted(handler: (gone: () => Promise<void>) => Handler, fails = false) {
  const { sessions, store } = spied()
  if (fails) store.beforeApply = broken
  const errors: unknown[] = []
  const handled = Promise.withResolvers<void>()
  let leave = () => {}
  const listener: Handler = async (request, response, session) => {
    const gone = async () => {
      leave()
      await new Promise<void>(resolve => response.once("close", resolve))
    }
    try {
      await handler(gone)(request, response, session)
    } finally {
      handled.resolve()
    }
  }
  await using server = await serve(withSession(sessions, listener, { onError: error => errors.push(error) }))
  const wire = new Wire(server)
  leave = () => wire.abort()
  wire.request()
  await handled.promise
  await delay(5)
  return { store, errors }
}

describe("clients that go away", () => {
  it("before the answer: the change is stored by the end of the response", async () => {
    const { store } = await aborted(gone => async (_request, response, session) => {
      await gone()
      session.set("step", 1)
      response.end("to nobody")
    })
    assert.equal(store.stored("step"), 1)
  })

  it("before the answer, and there never is one: the change is stored all the same", async () => {
    const { store } = await aborted(gone => async (_request, _response, session) => {
      session.set("step", 1)
      await gone()
    })
    assert.equal(store.stored("step"), 1)
  })

  it("a change after that, without any answer, is stored as well", async () => {
    const { store } = await aborted(gone => async (_request, _response, session) => {
      session.set("step", 1)
      await gone()
      await delay(5)
      session.set("step", 2)
    })
    assert.equal(store.stored("step"), 2)
  })

  it("while the commit is under way: it is stored, once, and nothing is written to the closed connection", async () => {
    const { sessions, store } = spied()
    const barrier = new Barrier()
    store.beforeApply = barrier.hook
    const closed = Promise.withResolvers<void>()
    await using server = await serve(
      withSession(sessions, (_request, response, session) => {
        response.once("close", closed.resolve)
        session.set("step", 1)
        response.end("to nobody")
      }),
    )
    const wire = new Wire(server).request()
    await barrier.reached
    wire.abort()
    await closed.promise
    barrier.open()
    await delay(10)
    assert.equal(store.stored("step"), 1)
    assert.deepEqual(store.calls, ["create"])
  })

  it("a store that fails for them is reported, and breaks nothing", async () => {
    const { errors } = await aborted(
      gone => async (_request, response, session) => {
        session.set("step", 1)
        await gone()
        response.end("to nobody")
      },
      true,
    )
    assert.equal(errors.length, 1)
    assert.ok(isSessionError(errors[0], "ERR_SESSION_STORE_UNAVAILABLE"))
  })

  it("in the middle of a body: the change is stored, and writing on does no harm", async () => {
    const { store, errors } = await aborted(gone => async (_request, response, session) => {
      session.set("step", 1)
      response.write("one")
      await gone()
      response.write("two")
      response.end()
    })
    assert.equal(store.stored("step"), 1)
    assert.deepEqual(errors, [])
  })
})
