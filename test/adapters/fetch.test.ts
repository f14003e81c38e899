import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { beginFetch, type FetchOptions, fetchSession } from "../../src/adapters/fetch.ts"
import { isSessionError } from "../../src/contract/errors.ts"
import type { Session } from "../../src/core/session.ts"
import { spied } from "./sessions.ts"
import { Barrier, broken, hanging } from "./spy-store.ts"

const url = "https://shop.example/"
const ask = (cookie?: string | null, options: RequestInit = {}): Request =>
  new Request(url, { ...options, headers: { ...(cookie ? { cookie } : {}), ...options.headers } })
const cookieOf = (response: Response): string =>
  response.headers
    .getSetCookie()
    .find(line => line.startsWith("sid="))
    ?.split(";")[0] ?? ""

function given(
  handler: (request: Request, session: Session) => Response | Promise<Response>,
  options = {},
  fetching: FetchOptions = {},
) {
  const { sessions, store } = spied(options)
  const errors: unknown[] = []
  const serve = fetchSession(sessions, handler, { onError: error => errors.push(error), ...fetching })
  return { sessions, store, errors, serve }
}

const count = (_request: Request, session: Session): Response => {
  const views = Number(session.get("views") ?? 0) + 1
  session.set("views", views)
  return new Response(String(views))
}

describe("sessions by Fetch", () => {
  it("a session survives its requests", async () => {
    const { serve } = given(count)
    const first = await serve(ask())
    const second = await serve(ask(cookieOf(first)))
    assert.deepEqual([await first.text(), await second.text()], ["1", "2"])
    assert.equal(first.headers.get("cache-control"), "no-store")
    assert.deepEqual(second.headers.getSetCookie(), [])
  })

  it("G8: reading anonymously gives the handler's own response back, and costs no store call", async () => {
    const response = new Response("hello")
    const { serve, store } = given((_request, session) => {
      assert.deepEqual(session.keys(), [])
      return response
    })
    assert.equal(await serve(ask()), response)
    assert.equal(await serve(ask(null, { headers: { cookie: "other=1" } })), response)
    assert.deepEqual(store.calls, [])
  })

  it("a malformed cookie is an anonymous request without a store call, and is cleared", async () => {
    const { serve, store } = given(() => new Response("hello"))
    const response = await serve(ask("sid=../../etc/passwd"))
    assert.equal(response.status, 200)
    assert.match(response.headers.getSetCookie()[0] ?? "", /^sid=; Max-Age=0; /)
    assert.deepEqual(store.calls, [])
  })

  it("G6: the response is not there before the session is stored", async () => {
    const { serve, store } = given(count)
    const barrier = new Barrier()
    store.beforeApply = barrier.hook
    let settled = false
    const response = serve(ask()).finally(() => {
      settled = true
    })
    await barrier.reached
    await new Promise(resolve => setTimeout(resolve, 10))
    assert.equal(settled, false)
    barrier.open()
    assert.equal(await (await response).text(), "1")
    assert.equal(store.stored("views"), 1)
  })

  it("G6: an operation that the handler forgot to await is waited for", async () => {
    const { serve, store } = given((_request, session) => {
      void session.login("anna")
      return Response.redirect(url)
    })
    const response = await serve(ask())
    assert.equal(response.status, 302)
    assert.ok(cookieOf(response))
    assert.equal(store.records[0]?.login?.userId, "anna")
  })

  it("a response that cannot be changed gets its cookie; so does one without a body", async () => {
    const responses = [
      Response.redirect(url, 303),
      new Response(null, { status: 204 }),
      Response.json({ a: 1 }),
    ]
    for (const answer of responses) {
      const { serve } = given((_request, session) => {
        session.set("step", 1)
        return answer
      })
      const response = await serve(ask())
      assert.equal(response.status, answer.status)
      assert.ok(cookieOf(response))
    }
  })

  it("cookies of the handler's own survive beside the session's", async () => {
    const { serve } = given((_request, session) => {
      session.set("step", 1)
      return new Response("hello", {
        headers: [
          ["Set-Cookie", "a=1"],
          ["Set-Cookie", "b=2"],
        ],
      })
    })
    const names = (await serve(ask())).headers.getSetCookie().map(line => line.split("=")[0])
    assert.deepEqual(names, ["a", "b", "sid"])
  })

  it("a response that the application uses again and again never carries the cookie of another client", async () => {
    const shared = new Response(null, { status: 204 })
    const { serve } = given((request, session) => {
      if (request.headers.has("x-write")) session.set("step", 1)
      return shared
    })
    assert.ok(cookieOf(await serve(ask(null, { headers: { "x-write": "1" } }))))
    assert.equal(cookieOf(await serve(ask())), "")
    assert.deepEqual(shared.headers.getSetCookie(), [])
  })

  it("a preflight creates no session", async () => {
    const { serve, store } = given(count)
    const headers = { "access-control-request-method": "PUT", origin: "https://other.example" }
    const response = await serve(ask("sid=bad", { method: "OPTIONS", headers }))
    assert.deepEqual(response.headers.getSetCookie(), [])
    assert.deepEqual(store.calls, [])
  })

  it("a body that streams after the head may read its session, and is told when it changes it too late", async () => {
    let refusal: unknown
    const { serve } = given((_request, session) => {
      session.set("step", 1)
      const body = new ReadableStream(
        {
          pull(controller) {
            try {
              session.set("step", 2)
            } catch (error) {
              refusal = error
            }
            controller.enqueue(new TextEncoder().encode(String(session.get("step"))))
            controller.close()
          },
        },
        { highWaterMark: 0 },
      )
      return new Response(body)
    })
    assert.equal(await (await serve(ask())).text(), "1")
    assert.ok(isSessionError(refusal, "ERR_SESSION_HEADERS_SENT"))
  })

  it("lazily: nothing is read until the handler loads the session", async () => {
    const { serve, store } = given(
      async (request, session) => {
        if (request.headers.has("x-load")) await session.load()
        return new Response("hello")
      },
      {},
      { lazy: true },
    )
    const cookie = `sid=${"a".repeat(22)}.${"b".repeat(43)}`
    await serve(ask(cookie))
    assert.deepEqual(store.calls, [])
    await serve(ask(cookie, { headers: { "x-load": "1" } }))
    assert.deepEqual(store.calls, ["find"])
  })

  it("whatever else the server passes along reaches the handler", async () => {
    const { sessions } = spied()
    const serve = fetchSession(sessions, (_request, session, name: string, times: number) => {
      assert.equal(session.isStored, false)
      return new Response(name.repeat(times))
    })
    assert.equal(await (await serve(ask(), "ha", 2)).text(), "haha")
  })

  it("the client's address is what the server knows, seen through trusted proxies", async () => {
    const { serve, store } = given(count, { trustProxy: ["10.0.0.0/8"] }, { address: () => "10.1.2.3" })
    const headers = { "x-forwarded-for": "192.0.2.1, 198.51.100.7", "user-agent": "test" }
    await serve(ask(null, { headers }))
    assert.deepEqual(store.records[0]?.client, { address: "198.51.100.7", userAgent: "test" })
  })
})

describe("failing stores by Fetch", () => {
  it("G6: a change that cannot be stored is a 503, and the body of the handler's response is let go", async () => {
    let cancelled = false
    const { serve, store, errors } = given((_request, session) => {
      session.set("step", 1)
      const cancel = () => {
        cancelled = true
        return new Promise<void>(() => {})
      }
      return new Response(new ReadableStream({ cancel }), { headers: { etag: '"1"' } })
    })
    store.beforeApply = broken
    const response = await serve(ask())
    assert.equal(response.status, 503)
    assert.equal(await response.text(), "The service is busy. Please try again.\n")
    assert.equal(response.headers.get("etag"), null)
    assert.ok(cancelled)
    assert.ok(isSessionError(errors[0], "ERR_SESSION_STORE_UNAVAILABLE"))
  })

  it("G6: a body that fails to stop, or that somebody reads already, changes nothing of the 503", async () => {
    const unstoppable = new Response(new ReadableStream({ cancel: () => Promise.reject(new Error("no")) }))
    const taken = new Response("hello")
    taken.body?.getReader()
    for (const response of [unstoppable, taken]) {
      const { serve, store } = given((_request, session) => {
        session.set("step", 1)
        return response
      })
      store.beforeApply = broken
      assert.equal((await serve(ask())).status, 503)
    }
  })

  it("G12: a store that fails or hangs on reading is a 503, and the handler is not called", async () => {
    const { serve, store, errors } = given(() => assert.fail("the handler was called"), { storeTimeout: 50 })
    const cookie = `sid=${"a".repeat(22)}.${"b".repeat(43)}`
    store.beforeFind = broken
    assert.equal((await serve(ask(cookie))).status, 503)
    store.beforeFind = hanging
    assert.equal((await serve(ask(cookie))).status, 503)
    assert.ok(isSessionError(errors[1], "ERR_SESSION_STORE_TIMEOUT"))
  })

  it("G2: a session that ended meanwhile is a 401", async () => {
    const { sessions, serve } = given(async (_request, session) => {
      if (session.isStored) await sessions.revoke(session.id)
      session.set("step", 1)
      return new Response("hello")
    })
    const cookie = cookieOf(await serve(ask()))
    assert.equal((await serve(ask(cookie))).status, 401)
  })

  it("what the handler throws is thrown on, and nothing is stored", async () => {
    const { serve, store, errors } = given((_request, session) => {
      session.set("step", 1)
      throw new Error("mine")
    })
    await assert.rejects(serve(ask()), /mine/)
    assert.deepEqual(store.calls, [])
    assert.deepEqual(errors, [])
  })

  it("beginFetch leaves errors to the framework, which can finish its own error page", async () => {
    const { sessions, store } = spied()
    const { session, finish } = await beginFetch(sessions, ask())
    session.set("step", 1)
    store.beforeApply = broken
    await assert.rejects(finish(new Response("hello")), {
      code: "ERR_SESSION_STORE_UNAVAILABLE",
      status: 503,
    })
    session.discard()
    const page = await finish(new Response("sorry", { status: 503 }))
    assert.equal(await page.text(), "sorry")
  })
})
