import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { fetchSession, guarded } from "../../../src/adapters/fetch.ts"
import type { EdgeOptions } from "../../../src/http/edge.ts"
import { rateLimit } from "../../../src/http/rate-limit/rate-limit.ts"
import { Sessions } from "../../../src/http/sessions.ts"
import { createMemoryStore } from "../../../src/stores/memory/index.ts"

/** Asks an application that passes one request a day and address, from a proxy at 10.0.0.1. */
function limited(options: EdgeOptions = {}): (forwardedFor: string) => Promise<Response> {
  const sessions = new Sessions(createMemoryStore(), { sweepInterval: false, ...options })
  const guards = [rateLimit({ sessions, limits: [{ name: "pages", limit: 1, window: "1d", by: "address" }] })]
  const handle = fetchSession(
    sessions,
    guarded(guards, () => Response.redirect("https://shop.example/next", 303)),
    { address: () => "10.0.0.1" },
  )
  return forwardedFor =>
    handle(new Request("https://shop.example/", { headers: { "x-forwarded-for": forwardedFor } }))
}

describe("rateLimit over Fetch", () => {
  it("adds its headers to whatever the handler answers, a redirect too", async () => {
    const response = await limited()("192.0.2.1")
    assert.equal(response.status, 303)
    assert.equal(response.headers.get("location"), "https://shop.example/next")
    assert.equal(response.headers.get("ratelimit-policy"), '"pages";q=1;w=86400')
    assert.match(response.headers.get("ratelimit") ?? "", /^"pages";r=0;t=\d+$/)
  })

  it("counts by the address that trusted proxies tell", async () => {
    const ask = limited({ trustProxy: ["10.0.0.0/8"] })
    assert.equal((await ask("192.0.2.1")).status, 303)
    assert.equal((await ask("192.0.2.1")).status, 429)
    assert.equal((await ask("192.0.2.2")).status, 303)
    assert.equal((await ask("203.0.113.9, 192.0.2.2")).status, 429, "what a client makes up counts nothing")
  })

  it("believes nobody otherwise", async () => {
    const ask = limited()
    assert.equal((await ask("192.0.2.1")).status, 303)
    assert.equal((await ask("192.0.2.2")).status, 429)
  })
})
