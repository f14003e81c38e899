import assert from "node:assert/strict"
import { OriginCheck, type UnsafeRequest } from "../../../src/http/csrf/origin.ts"
import { type AnyTarget, target } from "../target.ts"

const HOST = "shop.example:8443"
const TRUSTED = "https://pay.example"
const OWN = ["https://shop.example:8443", "http://shop.example:8443"]
const FOREIGN = [
  "null",
  "https://shop.example",
  "https://shop.example:8443.evil.example",
  "https://shop.example:8443@evil.example",
  "https://SHOP.example:8443",
  "https://pay.example.evil.example",
  "ftp://shop.example:8443",
  "",
]
const SITES = ["same-origin", "none"]
const PIECES = [
  "https://",
  "http://",
  "shop.example",
  ":8443",
  ".",
  "@",
  "null",
  "same-",
  "site",
  "cross-site",
  ",",
]

/** Where a browser says that an unsafe request comes from. */
export function originTargets(): AnyTarget[] {
  const check = new OriginCheck({ trustedOrigins: [TRUSTED] })
  const request = (fields: Partial<UnsafeRequest>): UnsafeRequest => ({
    method: "POST",
    url: "/",
    host: HOST,
    secure: false,
    origin: undefined,
    secFetchSite: undefined,
    ...fields,
  })
  return [
    target({
      name: "Origin",
      seeds: { valid: [...OWN, TRUSTED], foreign: FOREIGN, pieces: PIECES },
      run: origin => ({
        plain: check.allows(request({ origin })),
        secure: check.allows(request({ origin, secure: true })),
        crossSite: check.allows(request({ origin, secFetchSite: "cross-site" })),
      }),
      judge({ text }, { plain, secure, crossSite }) {
        assert.equal(plain, OWN.includes(text) || text === TRUSTED)
        assert.equal(secure, text === OWN[0] || text === TRUSTED)
        assert.equal(crossSite, text === TRUSTED)
        return plain ? "allowed" : "refused"
      },
    }),
    target({
      name: "Sec-Fetch-Site",
      seeds: {
        valid: SITES,
        foreign: ["same-site", "cross-site", "Same-Origin", "none, none", ""],
        pieces: PIECES,
      },
      run: secFetchSite => [
        check.allows(request({ secFetchSite })),
        check.allows(request({ secFetchSite, origin: "https://evil.example" })),
      ],
      judge({ text }, allowed) {
        assert.deepEqual(allowed, [SITES.includes(text), SITES.includes(text)])
        return allowed[0] ? "allowed" : "refused"
      },
    }),
  ]
}
