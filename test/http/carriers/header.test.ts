import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { generateKey } from "../../../src/index.ts"
import { adapters, cookieOf, sessionsWith, told } from "./site.ts"

const foreign = { "sec-fetch-site": "cross-site", origin: "https://evil.example" }
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
const newToken = (response: Response, name = "session-token") => response.headers.get(name) ?? ""

for (const [name, serve] of Object.entries(adapters)) {
  describe(`a token in a header, over ${name}`, () => {
    it("is answered by Session-Token, taken as Authorization: Bearer, and forgotten at logout", async () => {
      await serve(sessionsWith({ carriers: ["header"] }), async ask => {
        const login = await ask("/login", "POST")
        const token = newToken(login)
        assert.equal((await told(login))["token"], token)
        assert.deepEqual(login.headers.getSetCookie(), [])
        assert.equal(login.headers.get("cache-control"), "no-store")
        assert.equal(login.headers.get("vary"), "Authorization")
        assert.equal((await told(await ask("/", "GET", bearer(token))))["userId"], "anna")
        assert.equal(
          (await told(await ask("/", "GET", { authorization: `bearer  ${token}` })))["userId"],
          "anna",
        )
        const logout = await ask("/logout", "POST", bearer(token))
        assert.equal(logout.headers.get("session-token"), "")
        assert.equal((await told(await ask("/", "GET", bearer(token))))["userId"], "nobody")
      })
    })

    it("travels in a header of any name, both ways, protected like a cookie's", async () => {
      const options = { token: "encrypted", keys: [generateKey()] } as const
      await serve(sessionsWith({ carriers: [{ header: "X-Session-Token" }], ...options }), async ask => {
        const login = await ask("/login", "POST")
        const tokens = [newToken(login, "x-session-token"), (await told(login))["token"] ?? ""]
        for (const token of tokens) {
          assert.match(token, /^[\w-]{102}$/)
          assert.equal((await told(await ask("/", "GET", { "x-session-token": token })))["userId"], "anna")
        }
        const [token = ""] = tokens
        assert.equal((await told(await ask("/", "GET", bearer(token))))["userId"], "nobody")
      })
    })

    it("is handed to the application in the request that issued it, and in no other", async () => {
      await serve(sessionsWith({ carriers: ["header"] }), async ask => {
        const login = await ask("/login", "POST")
        const token = newToken(login)
        const later = await ask("/", "GET", bearer(token))
        assert.equal(later.headers.get("session-token"), null)
        assert.equal((await told(later))["token"], undefined)
      })
    })

    it("never is handed out where it is a cookie", async () => {
      await serve(sessionsWith({ carriers: ["cookie", "header"], cookie: { secure: false } }), async ask => {
        const login = await ask("/login", "POST")
        assert.match(cookieOf(login), /^sid=/)
        assert.equal(login.headers.get("session-token"), null)
        assert.equal((await told(login))["token"], undefined)
      })
    })

    it("the first carrier that has a token decides, though it be no good one, and is told", async () => {
      await serve(sessionsWith({ carriers: ["header", "cookie"], issueBy: "cookie" }), async ask => {
        const cookie = cookieOf(await ask("/login", "POST"))
        assert.equal((await told(await ask("/", "GET", { cookie })))["userId"], "anna")
        const both = await ask("/", "GET", { cookie, ...bearer("nonsense") })
        assert.equal((await told(both))["userId"], "nobody")
        assert.equal(both.headers.get("session-token"), "")
        assert.deepEqual(both.headers.getSetCookie(), [])
        const basic = await ask("/", "GET", { cookie, authorization: "Basic YTpi" })
        assert.equal((await told(basic))["userId"], "anna", "another scheme is none of ours")
        const renewed = await ask("/login", "POST", { cookie, ...bearer("nonsense") })
        assert.notEqual(newToken(renewed), "")
        assert.deepEqual(renewed.headers.getSetCookie(), [])
      })
    })

    it("needs no origin check, as no other site can add it; a cookie needs it, and so does no good token", async () => {
      await serve(sessionsWith({ carriers: ["header", "cookie"], issueBy: "cookie" }), async ask => {
        const cookie = cookieOf(await ask("/login", "POST"))
        const [, token = ""] = cookie.split("=")
        assert.equal((await ask("/set", "POST", { ...foreign, ...bearer(token) })).status, 200)
        assert.equal((await ask("/set", "POST", { ...foreign, cookie, ...bearer(token) })).status, 200)
        assert.equal((await ask("/set", "POST", { ...foreign, cookie })).status, 403)
        assert.equal((await ask("/set", "POST", { ...foreign, cookie, ...bearer("nonsense") })).status, 403)
        assert.equal((await ask("/login", "POST", foreign)).status, 403)
      })
    })

    it("where the cookie decides, the header exempts from nothing", async () => {
      await serve(sessionsWith({ carriers: ["cookie", "header"] }), async ask => {
        const cookie = cookieOf(await ask("/login", "POST"))
        const [, token = ""] = cookie.split("=")
        assert.equal((await ask("/set", "POST", { ...foreign, cookie, ...bearer(token) })).status, 403)
      })
    })

    it("a new session goes where issueBy says, by the request if it is a function", async () => {
      const issueBy = ({ url }: { url: string }) => (url.startsWith("/login/api") ? "header" : "cookie")
      await serve(sessionsWith({ carriers: ["header", "cookie"], issueBy }), async ask => {
        assert.notEqual(cookieOf(await ask("/login", "POST")), "")
        const api = await ask("/login/api", "POST")
        assert.equal(cookieOf(api), "")
        assert.notEqual(newToken(api), "")
        assert.equal(api.headers.get("vary"), "Authorization, Cookie")
      })
    })

    it("G8: a visitor gets no token", async () => {
      await serve(sessionsWith({ carriers: ["header", "cookie"] }), async ask => {
        const page = await ask("/")
        assert.equal(page.headers.get("session-token"), null)
        assert.deepEqual(page.headers.getSetCookie(), [])
        assert.equal(page.headers.get("cache-control"), null)
      })
    })
  })
}
