import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { generateKey, SealedSessions } from "../../../src/index.ts"
import { type Options, sessionsWith } from "./site.ts"

const url = { urlParameter: "sid", allowTokensInUrls: true }

/** Headers that clients, servers and caches read, and those that this library writes or reads itself. */
const TAKEN = [
  ..."Accept Accept-Encoding Cache-Control Connection Content-Type Content-Disposition Content-Security-Policy".split(
    " ",
  ),
  ..."Clear-Site-Data Date ETag Expect Forwarded If-None-Match Keep-Alive Link Location Proxy-Authorization".split(
    " ",
  ),
  ..."Range Refresh Retry-After Sec-Fetch-Site Server Strict-Transport-Security Transfer-Encoding Upgrade Vary".split(
    " ",
  ),
  ..."WWW-Authenticate X-CSRF-Token X-Forwarded-For X-Forwarded-Proto Access-Control-Allow-Origin RateLimit".split(
    " ",
  ),
]

describe("carriers, misused", () => {
  const misuse = (name: string, options: object, message: RegExp) =>
    it(name, () => {
      assert.throws(() => sessionsWith(options as Options), { code: "ERR_SESSION_CONFIG", message })
    })

  misuse("none", { carriers: [] }, /give at least one/)
  misuse("one that does not exist", { carriers: ["pigeon"] }, /"cookie", "header"/)
  misuse("nothing for one", { carriers: [null] }, /"cookie", "header"/)
  misuse("two of a kind", { carriers: ["header", { header: "X-Token" }] }, /one of each kind/)
  misuse("the cookie's own header", { carriers: [{ header: "Cookie" }] }, /use one such as "X-Session-Token"/)
  for (const header of TAKEN)
    misuse(`the header ${header}`, { carriers: [{ header }] }, /use one such as "X-Session-Token"/)
  misuse("a header that is none", { carriers: [{ header: "a: b" }] }, /use one such as "X-Session-Token"/)
  misuse("Authorization without a scheme", { carriers: [{ header: "authorization" }] }, /say "header"/)
  misuse("tokens in URLs by accident", { carriers: [{ urlParameter: "sid" }] }, /add allowTokensInUrls: true/)
  misuse("a parameter that is none", { carriers: [{ ...url, urlParameter: "a=b" }] }, /a plain name/)
  misuse("issueBy of a carrier that is not there", { issueBy: "header" }, /give cookie/)
  misuse(
    "cookie attributes without a cookie",
    { carriers: ["header"], cookie: {} },
    /add "cookie" to carriers/,
  )
  misuse(
    "encryption under a token in the URL",
    { carriers: [url], encryptAtRest: true },
    /leave one of the two out/,
  )

  it("an issueBy that names no carrier fails the request, and says so", () => {
    const { edge } = sessionsWith({ carriers: ["cookie"], issueBy: () => "header" })
    const request = { method: "GET", url: "/", header: () => undefined }
    assert.throws(() => edge.carriers.present(request), {
      code: "ERR_SESSION_CONFIG",
      message: /give cookie/,
    })
  })

  it("sealed sessions have the cookie alone", () => {
    const options = { keys: [generateKey()], carriers: ["header"] }
    assert.throws(() => new SealedSessions(options), {
      code: "ERR_SESSION_CONFIG",
      message: /carriers is no option/,
    })
  })
})
