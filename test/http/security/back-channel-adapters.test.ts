import assert from "node:assert/strict"
import type { IncomingMessage } from "node:http"
import { describe, it } from "node:test"
import express from "express"
import { generateKeyPair } from "jose"
import { serveBackChannelLogout } from "../../../src/adapters/express.ts"
import { serveBackChannelLogout as serveByFetch } from "../../../src/adapters/fetch.ts"
import { serveBackChannelLogout as serveByNode } from "../../../src/adapters/node.ts"
import type { BackChannelLogout } from "../../../src/http/back-channel/logout.ts"
import { type Served, serve } from "../../adapters/served.ts"
import { application, goodClaims, tokenOf } from "./provider.ts"

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

const ADAPTERS: Readonly<Record<string, (logout: BackChannelLogout) => Promise<Served>>> = {
  "node:http": logout => serve(serveByNode(logout)),
  express: logout => serve(express().use(serveBackChannelLogout(logout))),
  "express behind a body parser": logout =>
    serve(
      express()
        .set("env", "test")
        .use(express.urlencoded({ extended: false }), serveBackChannelLogout(logout)),
    ),
  fetch: logout => {
    const handle = serveByFetch(logout)
    return serve(async (request, response) => {
      const { "content-type": type = "" } = request.headers
      const body = request.method === "GET" ? null : await bodyOf(request)
      const method = request.method ?? ""
      const answer = await handle(
        new Request("http://localhost/", { method, body, headers: { "content-type": type } }),
      )
      response.writeHead(answer.status, [...answer.headers].flat())
      response.end(await answer.text())
    })
  },
}

const post = (served: Served, form: Record<string, string>) =>
  fetch(served.origin, { method: "POST", body: new URLSearchParams(form) })

for (const [adapter, start] of Object.entries(ADAPTERS)) {
  describe(`back-channel logout, served by ${adapter}`, () => {
    it("ends the session that the token's sid names, and answers 200 without caching", async () => {
      const { logout, left, errors } = await application()
      await using served = await start(logout)
      const response = await post(served, { logout_token: await tokenOf(goodClaims()) })
      assert.equal(response.status, 200)
      assert.equal(response.headers.get("cache-control"), "no-store")
      assert.deepEqual([await left(), errors], [["local"], []])
    })

    it("answers 400 with a JSON error to what is not signed by the provider, and ends nothing", async () => {
      const { logout, left, errors } = await application()
      await using served = await start(logout)
      const stranger = await generateKeyPair("ES256")
      const forged = await tokenOf(goodClaims(), stranger.privateKey)
      for (const form of [{ logout_token: forged }, { logout_token: "x" }, { logout_token: "" }, {}]) {
        const response = await post(served, form)
        assert.equal(response.status, 400)
        assert.equal(response.headers.get("content-type"), "application/json")
        assert.equal(response.headers.get("cache-control"), "no-store")
        assert.equal(JSON.parse(await response.text()).error, "invalid_request")
      }
      assert.equal((await left()).length, 2)
      assert.equal(errors.length, 4)
    })

    it("answers 400 to a GET and to another type of body", async () => {
      const { logout, left } = await application()
      await using served = await start(logout)
      assert.equal((await fetch(served.origin)).status, 400)
      const body = JSON.stringify({ logout_token: await tokenOf(goodClaims()) })
      const headers = { "content-type": "application/json" }
      assert.equal((await fetch(served.origin, { method: "POST", headers, body })).status, 400)
      assert.equal((await left()).length, 2)
    })

    it("does not keep a body that is too long for a token", async () => {
      const { logout, left } = await application()
      await using served = await start(logout)
      const status = await post(served, { logout_token: "x".repeat(300_000) }).then(
        response => response.status,
        () => "broken off",
      )
      assert.notEqual(status, 200)
      assert.equal((await left()).length, 2)
    })
  })
}
