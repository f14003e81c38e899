import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { isSessionError } from "../../src/contract/errors.ts"
import { type CookieOptions, resolveCookie } from "../../src/http/cookie-options.ts"
import { Sessions } from "../../src/http/sessions.ts"
import { ReferenceStore } from "../testing/reference-store.ts"

const defaults = {
  name: "__Host-sid",
  domain: undefined,
  path: "/",
  secure: true,
  sameSite: "lax",
  partitioned: false,
}

/** Options as a program without types gives them, and what the error has to say. */
const refusals: [what: string, options: object, says: RegExp][] = [
  ["an unknown option", { samesite: "lax" }, /samesite is no option: there are name, domain, path/],
  ["httpOnly, as it always is", { httpOnly: false }, /httpOnly.*always HttpOnly/],
  ["maxAge, as it follows from the session", { maxAge: 1000 }, /maxAge.*idleTimeout and absoluteTimeout/],
  ["expires, for the same reason", { expires: new Date() }, /expires.*persistent/],
  ["an empty name", { name: "" }, /name "" is no cookie name: use letters/],
  ["a name with a separator", { name: "a;b" }, /name "a;b"/],
  ["a name with a line break", { name: "a\r\nb" }, /name/],
  ["a name that is no text", { name: 5 }, /name 5 is no cookie name/],
  ["a name that leaves no room for the token", { name: "n".repeat(4_096) }, /too long/],
  ["a path that is relative", { path: "shop" }, /path "shop" is none: begin with "\/"/],
  ["a path with a separator", { path: "/a;Domain=evil.example" }, /path/],
  ["a path with a line break", { path: "/\r\nX: 1" }, /path/],
  ["a path that is no text", { path: 5 }, /path 5/],
  ["a domain with a separator", { domain: "a.example;Path=/x" }, /domain .* host name such as example\.com/],
  ["a domain that is a URL", { domain: "https://a.example" }, /domain/],
  ["a domain that is no text", { domain: null }, /domain null/],
  ["an empty domain", { domain: "" }, /domain ""/],
  ["sameSite as a boolean", { sameSite: true }, /sameSite is true: give strict, lax or none/],
  ["sameSite in capitals", { sameSite: "Lax" }, /sameSite is Lax: give strict, lax or none/],
  ["secure as a text", { secure: "yes" }, /secure is yes: give true, false or "auto"/],
  ["partitioned as a text", { partitioned: "yes" }, /partitioned is no boolean/],
  [
    "a __Host- name with a domain",
    { name: "__Host-a", domain: "a.example" },
    /forbids a domain: .*__Secure-/,
  ],
  ["a __Host- name with a path", { name: "__Host-a", path: "/shop" }, /forbids path \/shop: use path "\/"/],
  ["a __Host- name without Secure", { name: "__Host-a", secure: false }, /promises Secure.*use secure: true/],
  ["a __Secure- name by chance", { name: "__Secure-a", secure: "auto" }, /promises Secure.*use secure: true/],
  ["a __Http- name without Secure", { name: "__Http-a", secure: false }, /promises Secure.*use secure: true/],
  ["a prefix in other letters", { name: "__hOSt-a", secure: false }, /promises Secure/],
  ["SameSite=None without Secure", { sameSite: "none", secure: false }, /sameSite none.*use secure: true/],
  ["SameSite=None by chance", { sameSite: "none", secure: "auto" }, /sameSite none.*use secure: true/],
  ["Partitioned without Secure", { partitioned: true, secure: "auto" }, /partitioned needs Secure/],
]

describe("cookie options", () => {
  it("the defaults are the safest that browsers know", () => {
    assert.deepEqual(resolveCookie(), defaults)
  })

  for (const [options, name] of [
    [{ domain: "shop.example" }, "__Secure-sid"],
    [{ path: "/shop" }, "__Secure-sid"],
    [{ secure: "auto" }, "sid"],
    [{ secure: false }, "sid"],
    [{ secure: false, domain: "shop.example" }, "sid"],
    [{ name: "id" }, "id"],
  ] satisfies [CookieOptions, string][]) {
    it(`the name promises what holds: ${name} for ${JSON.stringify(options)}`, () => {
      assert.deepEqual(resolveCookie(options), { ...defaults, ...options, name })
    })
  }

  for (const [what, options, says] of refusals) {
    it(`refuses ${what}, and says what to do`, () => {
      const refused = (error: unknown): boolean =>
        isSessionError(error, "ERR_SESSION_CONFIG") &&
        error.message.startsWith("cookie: ") &&
        says.test(error.message)
      assert.throws(() => resolveCookie(options), refused)
      const store = new ReferenceStore(Date.now)
      assert.throws(() => new Sessions(store, { cookie: options, sweepInterval: false }), refused)
    })
  }

  it("undefined is as good as nothing", () => {
    const nothing = { name: undefined, domain: undefined, path: undefined, secure: undefined }
    assert.deepEqual(resolveCookie(nothing as object), defaults)
  })
})
