import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { withSession } from "../../src/adapters/node.ts"
import type { ManagerOptions } from "../../src/core/options.ts"
import type { CookieOptions } from "../../src/http/cookie-options.ts"
import type { EdgeOptions } from "../../src/http/edge.ts"
import { Sessions } from "../../src/http/sessions.ts"
import { SpyStore } from "../adapters/spy-store.ts"
import { headerOf } from "../adapters/wire.ts"
import { Browser } from "./browser.ts"

const site = "https://shop.example"

function given(options: ManagerOptions & EdgeOptions = {}) {
  const store = new SpyStore()
  const sessions = new Sessions(store, { trustProxy: true, sweepInterval: false, ...options })
  const listener = withSession(sessions, async (request, response, session) => {
    if (request.url?.endsWith("/logout")) await session.logout()
    else if (request.url?.endsWith("/login")) await session.login("anna", { persistent: true })
    else session.set("views", Number(session.get("views") ?? 0) + 1)
    response.end(String(session.get("views") ?? "none"))
  })
  return { store, sessions, browser: () => Browser.of(listener) }
}

const settings: Record<string, [CookieOptions, page: string]> = {
  "the defaults": [{}, `${site}/`],
  "a path": [{ path: "/shop" }, `${site}/shop/cart`],
  "a domain": [{ domain: "shop.example" }, "https://www.shop.example/"],
  "a strict cookie": [{ sameSite: "strict" }, `${site}/`],
  "an embedded site": [{ sameSite: "none", partitioned: true }, `${site}/`],
  "automatic Secure": [{ secure: "auto" }, `${site}/`],
}

describe("the cookie in a browser", () => {
  for (const [name, [cookie, page]] of Object.entries(settings)) {
    it(`with ${name} it comes back, and goes at logout (expressjs/session#241, cookie-session#115)`, async () => {
      const { browser, store } = given({ cookie })
      await using visitor = await browser()
      const bodies = []
      for (let visit = 0; visit < 3; visit++) bodies.push((await visitor.visit(page)).body)
      assert.deepEqual(bodies, ["1", "2", "3"])
      assert.equal((await visitor.cookies(page)).length, 1)
      const login = new URL("login", page).href
      await visitor.visit(login)
      assert.equal((await visitor.visit(page)).body, "4")
      await visitor.visit(new URL("logout", page).href)
      assert.deepEqual(await visitor.cookies(page), [])
      assert.equal(store.records.length, 0)
      assert.equal((await visitor.visit(page)).body, "1")
    })
  }

  it("a domain's cookie is shared with its subdomains, a host's own is not", async () => {
    for (const [cookie, body] of [
      [{ domain: "shop.example" }, "2"],
      [{}, "1"],
    ] as const) {
      await using visitor = await given({ cookie }).browser()
      await visitor.visit(`${site}/`)
      assert.equal((await visitor.visit("https://pay.shop.example/")).body, body)
    }
  })

  it("a persistent cookie ends with its session (tj/connect-redis#251, #239, #376, gorilla/sessions#48)", async () => {
    const { browser, store } = given({ idleTimeout: "1h", absoluteTimeout: "14d" })
    await using visitor = await browser()
    await visitor.visit(`${site}/login`)
    const [cookie] = await visitor.jar.getCookies(`${site}/`)
    const end = store.records[0]?.absoluteExpiresAt ?? Number.NaN
    assert.ok(cookie?.expires instanceof Date)
    // Both are in whole seconds, rounded down.
    const early = end - cookie.expires.getTime()
    assert.ok(early >= 0 && early < 2_500)
    const age = Number(cookie.maxAge) * 1_000
    assert.ok(age <= end - Date.now() + 2_500 && age >= end - Date.now() - 2_500)
  })

  it("a session's cookie without an end of its own is kept until the browser closes", async () => {
    const { browser } = given()
    await using visitor = await browser()
    await visitor.visit(`${site}/`)
    const [cookie] = await visitor.jar.getCookies(`${site}/`)
    assert.equal(cookie?.maxAge, null)
    assert.equal(cookie?.isPersistent(), false)
  })

  it("a cookie that another host of the site tossed in locks nobody out", async () => {
    const { browser } = given({ cookie: { name: "sid", secure: true } })
    await using visitor = await browser()
    await visitor.jar.setCookie("sid=tossed; Domain=shop.example; Path=/", "https://evil.shop.example/")
    await visitor.visit(`${site}/`)
    assert.equal((await visitor.visit(`${site}/`)).body, "2")
  })

  it("why a cookie was refused can be observed (expressjs/session#434, #520)", async () => {
    const { browser, sessions } = given()
    const refused: unknown[] = []
    sessions.on("refused", event => refused.push(event))
    await using visitor = await browser()
    const unknown = `${"i".repeat(22)}.${"s".repeat(43)}`
    for (const value of ["nonsense", unknown])
      await visitor.visit(`${site}/`, { Cookie: `__Host-sid=${value}` })
    await visitor.visit(`${site}/`)
    assert.deepEqual(refused, [
      { reason: "malformed", id: undefined },
      { reason: "unknown", id: "i".repeat(22) },
    ])
  })

  it("a cookie that is refused is a page, never an error, and the next visit has a good one", async () => {
    const { browser } = given()
    await using visitor = await browser()
    await visitor.jar.setCookie("__Host-sid=old-format; Path=/; Secure", `${site}/`)
    const answer = await visitor.visit(`${site}/`)
    assert.equal(answer.status, 200)
    assert.equal(headerOf(answer, "set-cookie").length, 1)
    assert.equal((await visitor.visit(`${site}/`)).body, "2")
  })
})
