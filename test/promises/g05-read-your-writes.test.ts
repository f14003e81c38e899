import assert from "node:assert/strict"
import { createServer, type Server } from "node:http"
import { describe, it, type TestContext } from "node:test"
import { CookieJar } from "tough-cookie"
import { fetchSession } from "../../src/adapters/fetch.ts"
import { withSession } from "../../src/adapters/node.ts"
import type { Session } from "../../src/core/session.ts"
import type { Sessions } from "../../src/http/sessions.ts"
import { serve } from "../adapters/served.ts"
import { spied } from "../adapters/sessions.ts"
import { Hub } from "../cache/hub.ts"

const ORIGIN = "http://localhost"

/** One client with its cookies, whose requests any node may answer. */
class Client {
  readonly jar = new CookieJar()

  async send(port: number, path: string): Promise<string> {
    const response = await this.request(port, path)
    return await response.text()
  }

  async request(port: number, path: string): Promise<Response> {
    const cookie = await this.jar.getCookieString(ORIGIN)
    const response = await fetch(`${ORIGIN}:${port}${path}`, { headers: { cookie } })
    await this.keep(response)
    return response
  }

  async keep(response: Response): Promise<void> {
    for (const line of response.headers.getSetCookie()) await this.jar.setCookie(line, ORIGIN)
  }
}

/** `/set/x` stores x; anything else answers what is stored. */
function answer(path: string, session: Session<{ value: string }>): string {
  const value = /^\/set\/(.+)/.exec(path)?.[1]
  if (value !== undefined) session.set("value", value)
  return session.get("value") ?? "nothing"
}

const cookie = { secure: false } as const

const overNode = (sessions: Sessions) =>
  withSession(sessions as unknown as Sessions<{ value: string }>, (request, response, session) =>
    response.end(answer(request.url ?? "", session)),
  )

async function nodes(t: TestContext, count: number) {
  const hub = new Hub(t)
  const all = []
  for (let node = 0; node < count; node++) {
    const { sessions, store } = hub.served({ cookie })
    const server = await serve(overNode(sessions))
    t.after(() => server[Symbol.asyncDispose]())
    all.push({ port: server.port, store, sessions })
  }
  const [here, there] = all
  assert.ok(here && there)
  return { hub, here, there }
}

describe("G5: read your writes on any node", () => {
  it("G5: what was stored on one node is read on another a moment later, while the feed is dead", async t => {
    const { hub, here, there } = await nodes(t, 2)
    const client = new Client()
    await client.send(here.port, "/set/first")
    assert.equal(await client.send(there.port, "/"), "first")
    hub.feeding = false
    for (const value of ["a", "b", "c"]) {
      await client.send(here.port, `/set/${value}`)
      assert.equal(await client.send(there.port, "/"), value)
    }
  })

  it("G5: reads never go back: who was shown a newer version by one node is shown no older one by another", async t => {
    const { hub, here, there } = await nodes(t, 2)
    const [tab, other] = [new Client(), new Client()]
    const first = await tab.request(here.port, "/set/old")
    await other.keep(first)
    await tab.send(there.port, "/")
    hub.feeding = false
    await other.send(here.port, "/set/new")
    assert.equal(await tab.send(there.port, "/"), "old", "it has seen nothing newer, and B is not over")
    assert.equal(await tab.send(here.port, "/"), "new")
    assert.equal(await tab.send(there.port, "/"), "new")
  })

  it("an unchanged session needs no cookie, and no read of the store", async t => {
    const { here, there } = await nodes(t, 2)
    const client = new Client()
    await client.send(here.port, "/set/a")
    await client.send(there.port, "/")
    const { reads } = there.store
    const response = await client.request(there.port, "/")
    assert.deepEqual(response.headers.getSetCookie(), [])
    assert.equal(response.headers.get("cache-control"), null)
    assert.equal(there.store.reads, reads)
  })

  it("the version has a cookie of its own, with the attributes of the session's, so that a late answer brings no old token back", async t => {
    const { here } = await nodes(t, 2)
    const client = new Client()
    const first = await client.request(here.port, "/set/a")
    assert.deepEqual(
      first.headers.getSetCookie().map(line => line.replace(/=[^;]*/, "=…")),
      ["sid=…; Path=/; HttpOnly; SameSite=Lax", "sid-v=…; Path=/; HttpOnly; SameSite=Lax"],
    )
    const second = await client.request(here.port, "/set/b")
    assert.deepEqual(second.headers.getSetCookie(), ["sid-v=2; Path=/; HttpOnly; SameSite=Lax"])
    assert.equal(second.headers.get("cache-control"), "no-store")
  })

  it("a version that is no number, or too high, costs a read and is put right", async t => {
    const { here } = await nodes(t, 2)
    const client = new Client()
    await client.send(here.port, "/set/a")
    for (const wrong of ["999", "-1", "x", "1e3", "99999999999999999999"]) {
      await client.jar.setCookie(`sid-v=${wrong}`, ORIGIN)
      const response = await client.request(here.port, "/")
      assert.equal(await response.text(), "a")
      assert.deepEqual(response.headers.getSetCookie(), ["sid-v=1; Path=/; HttpOnly; SameSite=Lax"], wrong)
    }
  })

  it("a logout clears both cookies", async t => {
    const hub = new Hub(t)
    const { sessions } = hub.served({ cookie })
    const server = await serve(
      withSession(sessions, async (request, response, session) => {
        if (request.url === "/login") await session.login("ada")
        else await session.logout()
        response.end()
      }),
    )
    t.after(() => server[Symbol.asyncDispose]())
    const client = new Client()
    await client.send(server.port, "/login")
    assert.equal((await client.jar.getCookies(ORIGIN)).length, 2)
    await client.send(server.port, "/logout")
    assert.deepEqual(await client.jar.getCookies(ORIGIN), [])
  })

  it("G5: a stream names the version of what was stored before its head left", async t => {
    const hub = new Hub(t)
    const { sessions } = hub.served({ cookie })
    const server: Server = createServer(
      withSession(sessions, (_request, response, session) => {
        session.set("step", 1)
        response.write("begun ")
        setTimeout(() => response.end("ended"), 10)
      }),
    )
    await new Promise<void>(resolve => server.listen(0, "localhost", resolve))
    t.after(() => server.close())
    const address = server.address()
    assert.ok(address && typeof address === "object")
    const response = await new Client().request(address.port, "/")
    assert.match(response.headers.getSetCookie().join("\n"), /^sid-v=1;/m)
    assert.equal(await response.text(), "begun ended")
  })

  it("G5: Fetch handlers carry the version, too", async t => {
    const hub = new Hub(t)
    const [here, there] = [hub.served({ cookie }), hub.served({ cookie })]
    const handler = ({ sessions }: typeof here) =>
      fetchSession(
        sessions as unknown as Sessions<{ value: string }>,
        (request, session) => new Response(answer(new URL(request.url).pathname, session)),
      )
    const client = new Client()
    const visit = async (node: typeof here, path: string): Promise<string> => {
      const cookie = await client.jar.getCookieString(ORIGIN)
      const response = await handler(node)(new Request(ORIGIN + path, { headers: { cookie } }))
      await client.keep(response)
      return await response.text()
    }
    await visit(here, "/set/a")
    assert.equal(await visit(there, "/"), "a")
    hub.feeding = false
    await visit(here, "/set/b")
    assert.equal(await visit(there, "/"), "b")
  })

  it("where one node has all sessions, clients carry no version", async () => {
    const { sessions } = spied()
    await using server = await serve(overNode(sessions))
    const response = await new Client().request(server.port, "/set/a")
    assert.equal(response.headers.getSetCookie().length, 1)
    await sessions.close()
  })
})
