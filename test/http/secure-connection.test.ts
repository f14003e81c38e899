import assert from "node:assert/strict"
import { describe, it, mock } from "node:test"
import { withSession } from "../../src/adapters/node.ts"
import type { EdgeOptions } from "../../src/http/edge.ts"
import { serve } from "../adapters/served.ts"
import { spied } from "../adapters/sessions.ts"
import { headerOf, parseAnswer, Wire } from "../adapters/wire.ts"

interface Seen {
  /** What the `Set-Cookie` lines say, one per request. */
  readonly secure: boolean[]
  readonly warnings: string[]
}

/** New sessions, one for each set of request headers. */
async function visits(options: EdgeOptions, ...requests: Record<string, string>[]): Promise<Seen> {
  const warnings: string[] = []
  const warned = mock.method(process, "emitWarning", (message: string, { code }: { code: string }) => {
    if (code === "SOJOURN_INSECURE_CONNECTION") warnings.push(message)
  })
  const { sessions } = spied(options)
  await using server = await serve(
    withSession(sessions, (_request, response, session) => {
      session.set("step", 1)
      response.end()
    }),
  )
  const secure: boolean[] = []
  for (const headers of requests) {
    const answer = parseAnswer(await new Wire(server).request("/", headers).answer())
    const [line] = headerOf(answer, "set-cookie")
    assert.ok(line)
    secure.push(line.includes("; Secure"))
  }
  warned.mock.restore()
  return { secure, warnings }
}

const shop = { Host: "shop.example" }
const https = { ...shop, "X-Forwarded-Proto": "https" }
const http = { ...shop, "X-Forwarded-Proto": "http" }
const threads = "(expressjs/session#43, #281, #628, #781)"

describe("the cookie and the connection", () => {
  it(`over plain http a Secure cookie is still set, with one warning of its loss ${threads}`, async () => {
    const { secure, warnings } = await visits({ cookie: {} }, shop, shop, shop)
    assert.deepEqual(secure, [true, true, true])
    assert.equal(warnings.length, 1)
    assert.match(warnings[0] ?? "", /browsers drop it.*set cookie\.secure to "auto"/)
  })

  it(`behind a proxy that ends https a Secure cookie is set without a warning ${threads}`, async () => {
    for (const trustProxy of [false, true]) {
      assert.deepEqual(await visits({ cookie: {}, trustProxy }, https), { secure: [true], warnings: [] })
    }
  })

  it(`an automatic cookie is Secure where a trusted proxy ends https ${threads}`, async () => {
    for (const trustProxy of [true, 1, ["loopback"], ["127.0.0.1", "::1"]]) {
      const seen = await visits({ cookie: { secure: "auto" }, trustProxy }, https, http)
      assert.deepEqual(seen.secure, [true, false])
      assert.equal(seen.warnings.length, 1)
    }
  })

  it(`an untrusted peer's word makes no cookie Secure, and one warning says what to set ${threads}`, async () => {
    for (const trustProxy of [false, ["10.0.0.0/8"]]) {
      const { secure, warnings } = await visits({ cookie: { secure: "auto" }, trustProxy }, https, https)
      assert.deepEqual(secure, [false, false])
      assert.equal(warnings.length, 1)
      assert.match(warnings[0] ?? "", /set trustProxy/)
    }
  })

  it("on the developer's own machine there is nothing to warn of", async () => {
    const hosts = ["localhost", "localhost:3000", "app.localhost:3000", "127.0.0.1:3000", "[::1]:3000"]
    const requests = hosts.map(host => ({ Host: host }))
    for (const secure of [true, "auto"] as const) {
      assert.deepEqual((await visits({ cookie: { secure } }, ...requests)).warnings, [])
    }
  })

  it("who asked for a cookie without Secure is not warned", async () => {
    assert.deepEqual(await visits({ cookie: { secure: false } }, shop), { secure: [false], warnings: [] })
  })
})
