import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { createSessions } from "../../src/index.ts"
import { serveShop } from "./shop-here.ts"
import { openShop, ShopProcess } from "./shop-process.ts"
import { SlowPost } from "./slow-post.ts"
import { Visitor } from "./visitor.ts"

describe("the shop's error pages", () => {
  const shop = openShop()

  it("answers 404 to an unknown address", async () => {
    const page = await new Visitor(shop.address).get("/nowhere")
    assert.equal(page.status, 404)
    assert.match(page.body, /<h1>There is nothing here<\/h1>/)
  })

  it("G2: answers 401 to a click that overlaps the end of its session, and changes nothing", async () => {
    const anna = new Visitor(shop.address)
    await anna.logIn("anna")
    const form = `product=tent&_csrf=${anna.token}`
    const click = await SlowPost.begin(shop.address, "/cart/add", form, await anna.cookieHeader())
    await anna.post("/logout")
    const answer = await click.finish()
    assert.equal(answer.status, 401)
    assert.match(answer.body, /<h1>Your session has ended<\/h1>/)
    assert.match((await anna.get("/cart")).body, /Your cart is empty/)
  })

  it("G3: answers 409 to a click that overlaps a login, and changes nothing", async () => {
    const anna = new Visitor(shop.address)
    await anna.get("/visits")
    const click = await SlowPost.begin(shop.address, "/cart/add", "product=tent", await anna.cookieHeader())
    await anna.logIn("anna")
    const answer = await click.finish()
    assert.equal(answer.status, 409)
    assert.match(answer.body, /<h1>That came at the same time as something else<\/h1>/)
    assert.match((await anna.get("/cart")).body, /Your cart is empty/)
  })

  it("answers 413 to a form that is too large", async () => {
    const answer = await new Visitor(shop.address).post("/login", { user: "a".repeat(20_000) })
    assert.equal(answer.status, 413)
    assert.match(answer.body, /<h1>That cannot be done<\/h1>/)
  })

  it("G6: answers 503, without a cookie, when the store cannot take the session", async () => {
    const full = await ShopProcess.open({ SESSIONS_URL: "memory:?maxSessions=1" })
    await new Visitor(full.address).get("/visits")
    const late = new Visitor(full.address)
    const answer = await late.get("/visits")
    const { output } = await full.close()
    assert.equal(answer.status, 503)
    assert.match(answer.body, /<h1>The shop is busy<\/h1>/)
    assert.equal(answer.headers.get("Set-Cookie"), null)
    assert.match(output, /ERR_SESSION_STORE_FULL/)
  })

  it("answers 500 to its own mistakes, and tells the visitor nothing of the inside", async context => {
    const log = context.mock.method(console, "error", () => {})
    await using sessions = await createSessions({ store: "memory:", cookie: { secure: "auto" } })
    context.mock.method(sessions, "list", async () => assert.fail("secret detail"))
    await using shop = await serveShop(sessions)
    const anna = new Visitor(shop.address)
    await anna.logIn("anna")
    const answer = await anna.get("/devices")
    assert.equal(answer.status, 500)
    assert.match(answer.body, /<h1>Something went wrong<\/h1>/)
    assert.doesNotMatch(answer.body, /secret detail|at .*\.ts/)
    assert.equal(log.mock.callCount(), 1)
  })

  it("sends every page with the headers that keep it private and out of other sites", async () => {
    const visitor = new Visitor(shop.address)
    for (const path of ["/", "/login", "/visits", "/nowhere"]) {
      const { headers } = await visitor.get(path)
      assert.match(
        headers.get("Content-Security-Policy") ?? "",
        /^default-src 'none'; .*frame-ancestors 'none'$/,
      )
      assert.equal(headers.get("X-Content-Type-Options"), "nosniff")
      assert.equal(headers.get("Cache-Control"), "no-store")
      assert.equal(headers.get("X-Powered-By"), null)
    }
  })
})
