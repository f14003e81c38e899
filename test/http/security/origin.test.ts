import assert from "node:assert/strict"
import { describe, it } from "node:test"
import fc from "fast-check"
import { isSessionError } from "../../../src/contract/errors.ts"
import { OriginCheck, type OriginCheckOptions, type UnsafeRequest } from "../../../src/http/csrf/origin.ts"

const post: UnsafeRequest = {
  method: "POST",
  url: "/transfer",
  host: "shop.example",
  secure: true,
  origin: undefined,
  secFetchSite: undefined,
}

const allows = (request: Partial<UnsafeRequest>, options?: OriginCheckOptions) =>
  new OriginCheck(options).allows({ ...post, ...request })

describe("origin check (ASVS 3.5.1)", () => {
  for (const method of ["GET", "HEAD", "OPTIONS"]) {
    it(`lets ${method} pass, as it changes nothing`, () => {
      assert.equal(allows({ method, secFetchSite: "cross-site", origin: "https://evil.example" }), true)
    })
  }

  for (const secFetchSite of ["same-origin", "none"]) {
    it(`lets Sec-Fetch-Site: ${secFetchSite} pass`, () => assert.equal(allows({ secFetchSite }), true))
  }

  for (const secFetchSite of ["cross-site", "same-site", "", "Same-Origin", "nonsense"]) {
    it(`refuses Sec-Fetch-Site: "${secFetchSite}", even with a fitting Origin`, () => {
      assert.equal(allows({ secFetchSite, origin: "https://shop.example" }), false)
    })
  }

  it("lets a client pass that is no browser: neither Sec-Fetch-Site nor Origin", () => {
    assert.equal(allows({}), true)
  })

  const origins: [string, boolean][] = [
    ["https://shop.example", true],
    ["http://shop.example", false],
    ["https://shop.example:444", false],
    ["https://evil.example", false],
    ["https://shop.example.evil.example", false],
    ["https://shop.example@evil.example", false],
    ["https://evil.example/https://shop.example", false],
    ["null", false],
    ["", false],
  ]
  for (const [origin, expected] of origins) {
    it(`${expected ? "lets pass" : "refuses"} the Origin "${origin}" from an old browser (go#78563)`, () => {
      assert.equal(allows({ origin }), expected)
    })
  }

  it("accepts https behind a proxy that is not configured, but not another host (go#77946)", () => {
    assert.equal(allows({ secure: false, origin: "https://shop.example" }), true)
    assert.equal(allows({ secure: false, origin: "http://shop.example" }), true)
    assert.equal(allows({ secure: false, origin: "https://other.example" }), false)
  })

  it("lets trusted origins pass, compared whole", () => {
    const options = { trustedOrigins: ["https://pay.example"] }
    assert.equal(allows({ secFetchSite: "cross-site", origin: "https://pay.example" }, options), true)
    assert.equal(allows({ secFetchSite: "cross-site", origin: "https://pay.example:8443" }, options), false)
    assert.equal(allows({ secFetchSite: "cross-site", origin: undefined }, options), false)
  })

  it("lets hosts of the same site pass only when told so", () => {
    assert.equal(allows({ secFetchSite: "same-site" }, { sameSite: "allow" }), true)
    assert.equal(allows({ secFetchSite: "cross-site" }, { sameSite: "allow" }), false)
  })

  it("lets single requests pass by `exempt`", () => {
    const options: OriginCheckOptions = { exempt: ({ url }) => url === "/oidc/callback" }
    assert.equal(allows({ secFetchSite: "cross-site", url: "/oidc/callback" }, options), true)
    assert.equal(allows({ secFetchSite: "cross-site" }, options), false)
  })

  for (const origin of [
    "https://pay.example/",
    "pay.example",
    "https://Pay.example",
    "https://a@pay.example",
    "*",
  ]) {
    it(`refuses ${origin} as a trusted origin at the start`, () => {
      assert.throws(
        () => new OriginCheck({ trustedOrigins: [origin] }),
        error => isSessionError(error, "ERR_SESSION_CONFIG") && error.message.includes("as in"),
      )
    })
  }

  it("never throws, and never lets a foreign origin pass, whatever the headers are", () => {
    const check = new OriginCheck()
    fc.assert(
      fc.property(fc.string(), fc.option(fc.string(), { nil: undefined }), (origin, host) => {
        if (host !== undefined && origin.toLowerCase().endsWith(`//${host.toLowerCase()}`)) return
        assert.equal(check.allows({ ...post, origin, host }), false)
      }),
    )
  })
})
