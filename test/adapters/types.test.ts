import assert from "node:assert/strict"
import { describe, it } from "node:test"
import express from "express"
import * as v from "valibot"
import { z } from "zod"
import { session as expressSession, guard } from "../../src/adapters/express.ts"
import { fetchSession, guarded } from "../../src/adapters/fetch.ts"
import { admit, withSession } from "../../src/adapters/node.ts"
import {
  type AnySession,
  createSessions,
  type DeepReadonly,
  type Edge,
  type HttpSessions,
  requireFresh,
  requireThat,
  requireUser,
  type Session,
  type SessionManager,
} from "../../src/index.ts"

/** True for the very same types alone; `any` is no match for anything else. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <_A, _B>(claim: Same<_A, _B>): void => assert.equal(claim, true)

interface Shop {
  cart: string[]
  address?: { street: string; lines: Map<string, string[]> }
  views: number
}

const schema = {
  cart: z.array(z.object({ item: z.string(), count: z.number().int() })),
  theme: v.picklist(["light", "dark"]),
}

const withSchema = () => createSessions({ store: "memory:", sweepInterval: false, schema })
const withParameter = () => createSessions<Shop>({ store: "memory:", sweepInterval: false })
const withNeither = () => createSessions({ store: "memory:", sweepInterval: false })

describe("types (expressjs/session#607, #737, fastify/session#35)", () => {
  it("a schema gives keys and values their types", async () => {
    await using sessions = await withSchema()
    const session = await sessions.open(undefined)
    session.set("cart", [{ item: "tea", count: 1 }]).set("theme", "dark")
    const cart = session.get("cart")
    same<typeof cart, readonly { readonly item: string; readonly count: number }[] | undefined>(true)
    const theme = session.get("theme")
    same<typeof theme, "light" | "dark" | undefined>(true)
    assert.deepEqual(cart, [{ item: "tea", count: 1 }])
  })

  it("what the schema forbids does not compile, and does not pass either", async () => {
    await using sessions = await withSchema()
    const session = await sessions.open(undefined)
    const invalid = { code: "ERR_SESSION_INVALID_VALUE" }
    // @ts-expect-error: a picklist has no such value
    assert.throws(() => session.set("theme", "pink"), invalid)
    // @ts-expect-error: a field is missing
    assert.throws(() => session.set("cart", [{ item: "tea" }]), invalid)
    // @ts-expect-error: there is no such key
    session.get("basket")
    // @ts-expect-error: there is no such key
    session.delete("basket")
    // @ts-expect-error: update has to return what the key holds
    const updating = session.update("theme", () => 5)
    await assert.rejects(updating, invalid)
  })

  it("a value that was read is read-only at every level, and frozen as its type says", async () => {
    await using sessions = await withSchema()
    const session = await sessions.open(undefined)
    const cart = session.set("cart", [{ item: "tea", count: 1 }]).get("cart") ?? assert.fail("no cart")
    // @ts-expect-error: a read-only list has no push
    assert.throws(() => cart.push({ item: "milk", count: 1 }), TypeError)
    const [first = assert.fail("no item")] = cart
    const change = (): void => {
      // @ts-expect-error: the fields are read-only
      first.count = 2
    }
    assert.throws(change, TypeError)
  })

  it("a type parameter gives them as well", async () => {
    await using sessions = await withParameter()
    const session = await sessions.open(undefined)
    session.set("views", 1)
    const views = session.get("views")
    same<typeof views, number | undefined>(true)
    const more = await session.update("views", before => (before ?? 0) + 1)
    same<typeof more, number | undefined>(true)
    const taken = await session.take("cart")
    same<typeof taken, readonly string[] | undefined>(true)
    // @ts-expect-error: a number is no text
    session.set("views", "2")
    assert.deepEqual([views, more, taken], [1, 2, undefined])
  })

  it("without either, any key is allowed and its value is unknown", async () => {
    await using sessions = await withNeither()
    const session = await sessions.open(undefined)
    const value = session.set("anything", 1).get("anything")
    same<typeof value, DeepReadonly<unknown> | undefined>(true)
    assert.equal(value, 1)
  })

  it("options that do not exist do not compile, and are refused", async () => {
    const refused = { code: "ERR_SESSION_CONFIG" }
    // @ts-expect-error: express-session's
    await assert.rejects(createSessions({ store: "memory:", saveUninitialized: false }), refused)
    // @ts-expect-error: follows from the session
    await assert.rejects(createSessions({ store: "memory:", cookie: { maxAge: 5 } }), refused)
    // @ts-expect-error: a store is needed
    await assert.rejects(createSessions({}), refused)
  })

  it("the handlers of all adapters are given the session with its types", async () => {
    await using sessions = await withParameter()
    const listener = withSession(sessions, (_request, response, session) => {
      same<typeof session, Session<Shop>>(true)
      response.end()
    })
    const serve = fetchSession(sessions, (_request, session, extra: number) => {
      same<typeof session, Session<Shop>>(true)
      return new Response(String(extra))
    })
    same<Parameters<typeof serve>, [request: Request, extra: number]>(true)
    assert.equal(listener.length, 2)
    assert.equal(await (await serve(new Request("https://shop.example/"), 5)).text(), "5")
  })

  it("guards in a variable take the data of the handler, or of the session", async () => {
    await using sessions = await withParameter()
    const guards = [requireUser(), requireFresh({ within: "5m" })]
    const page = guarded(guards, (_request, session: Session<Shop>, extra: number) => {
      same<typeof session, Session<Shop>>(true)
      return new Response(String(extra))
    })
    same<Parameters<typeof page>, [request: Request, session: Session<Shop>, extra: number]>(true)
    const own = [requireUser(), requireThat<Shop>(session => session.get("views") !== 0)]
    const handlers = [
      page,
      guarded(own, (_request, session) => new Response(String(session.get("views")))),
      guarded([...guards, ...own], () => new Response()),
    ]
    for (const handler of handlers) {
      const serve = fetchSession(sessions, (request, session) => handler(request, session, 5))
      assert.equal((await serve(new Request("https://shop.example/"))).status, 401)
    }
    const nested = fetchSession(
      sessions,
      guarded(guards, () => new Response()),
    )
    assert.equal((await nested(new Request("https://shop.example/"))).status, 401)
    const listener = withSession(sessions, async (request, response, session) => {
      if (await admit(request, response, session, guards)) response.end()
    })
    assert.equal(listener.length, 2)
    assert.equal(guard(...guards, ...own).length, 3)
    const others = [requireThat<{ other: string }>(() => true)]
    const answer = (_request: Request, _session: Session<Shop>) => new Response()
    // @ts-expect-error: guards of other data
    guarded(others, answer)
  })

  it("a program can name what the public signatures mention", async () => {
    const sessions = await withParameter()
    const manager: SessionManager<Shop> = sessions
    await using served: HttpSessions<AnySession> & AsyncDisposable = sessions
    const edge: Edge = served.edge
    assert.equal(edge, sessions.edge)
    assert.equal(manager, sessions)
  })

  it("Express takes the middleware, and its requests have a session", async () => {
    await using sessions = await withParameter()
    const app = express()
    app.use(expressSession(sessions))
    app.use("/shop", expressSession(sessions, { skip: request => request.url === "/" }))
    app.get("/", expressSession(sessions), async (request, response) => {
      request.session.set("anything", 1)
      await request.session.login("anna", { methods: ["pwd"] })
      same<typeof request.session.userId, string | undefined>(true)
      response.json(request.session.info)
    })
    assert.equal(typeof app, "function")
  })
})
