import assert from "node:assert/strict"
import { describe, it } from "node:test"
import express from "express"
import { session } from "../../../src/adapters/express.ts"
import { issuedToken } from "../../../src/index.ts"
import { serve } from "../../adapters/served.ts"
import { cookieOf, sessionsWith } from "./site.ts"

describe("carriers over Express", () => {
  it("issueBy is given the path as the client asked for it, wherever the middleware is mounted", async () => {
    const asked: string[] = []
    const sessions = sessionsWith({
      carriers: ["header", "cookie"],
      issueBy({ url }) {
        asked.push(url)
        return url.startsWith("/api/") ? "header" : "cookie"
      },
    })
    const app = express()
    app.use(["/api", "/site"], session(sessions))
    app.post(["/api/login", "/site/login"], async (request, response) => {
      await request.session.login("anna")
      response.json({ token: issuedToken(request.session) })
    })
    await using server = await serve(app)
    const post = (path: string) => fetch(server.origin + path, { method: "POST" })
    const api = await post("/api/login?x=1")
    assert.equal(JSON.parse(await api.text()).token, api.headers.get("session-token"))
    assert.match(cookieOf(await post("/site/login")), /^__Host-sid=/)
    assert.deepEqual(asked, ["/api/login?x=1", "/site/login"])
  })

  it("adds to the Vary that the application sets, and overrides a weaker Referrer-Policy", async () => {
    const sessions = sessionsWith({
      carriers: [{ header: "X-Token" }, { urlParameter: "sid", allowTokensInUrls: true }],
    })
    const app = express()
    app.use(session(sessions))
    app.get("/", (_request, response) => {
      response.set({ Vary: "Accept", "Referrer-Policy": "unsafe-url" }).send("page")
    })
    await using server = await serve(app)
    const page = await fetch(server.origin)
    assert.equal(page.headers.get("vary"), "Accept, X-Token")
    assert.equal(page.headers.get("referrer-policy"), "no-referrer")
  })
})
