import assert from "node:assert/strict"
import { describe, it } from "node:test"
import type { Delivery } from "../../src/core/state.ts"
import { CookieCarrier } from "../../src/http/cookie-carrier.ts"
import type { CookieOptions } from "../../src/http/cookie-options.ts"
import { createSessions } from "../../src/index.ts"
import { FedStore } from "../cache/fed-store.ts"

const now = Date.UTC(2040, 0, 1)
const DAY = 86_400_000
const token = `${"i".repeat(22)}.${"s".repeat(43)}`
const other = `${"j".repeat(22)}.${"t".repeat(43)}`

const issue = (given: Partial<Extract<Delivery, { kind: "issue" }>> = {}): Delivery => ({
  kind: "issue",
  token,
  persistent: false,
  expiresAt: now + DAY,
  ...given,
})
const clear: Delivery = { kind: "clear" }

/** The attributes of a `Set-Cookie` line, without the value and without its age. */
const attributes = (line: string): string[] =>
  line
    .split("; ")
    .slice(1)
    .filter(part => !/^(Max-Age|Expires)=/.test(part))

const settings: Record<string, [CookieOptions, string]> = {
  "the defaults": [{}, "Path=/; HttpOnly; SameSite=Lax; Secure"],
  "a subdomain's": [
    { domain: "shop.example" },
    "Path=/; HttpOnly; SameSite=Lax; Domain=shop.example; Secure",
  ],
  "a path": [{ path: "/shop" }, "Path=/shop; HttpOnly; SameSite=Lax; Secure"],
  "an embedded site's": [
    { sameSite: "none", partitioned: true },
    "Path=/; HttpOnly; SameSite=None; Partitioned; Secure",
  ],
  "a bank's": [{ sameSite: "strict" }, "Path=/; HttpOnly; SameSite=Strict; Secure"],
  "a plain-http site's": [{ secure: false }, "Path=/; HttpOnly; SameSite=Lax"],
}

describe("writing the cookie", () => {
  for (const [name, [options, expected]] of Object.entries(settings)) {
    it(`${name}: deleted with the very attributes it was set with (expressjs/session#241, cookie-session#115)`, () => {
      const carrier = new CookieCarrier(options)
      const set = carrier.write(issue(), true, now)
      assert.equal(attributes(set).join("; "), expected)
      assert.deepEqual(attributes(carrier.write(clear, true, now)), attributes(set))
      assert.deepEqual(attributes(carrier.write(issue({ persistent: true }), true, now)), attributes(set))
      assert.ok(set.startsWith(`${carrier.cookie.name}=${token}; `))
    })
  }

  it("Secure follows the connection when it is automatic", () => {
    const carrier = new CookieCarrier({ secure: "auto" })
    assert.ok(carrier.write(issue(), true, now).endsWith("; Secure"))
    assert.ok(!carrier.write(issue(), false, now).includes("Secure"))
    assert.ok(new CookieCarrier().write(issue(), false, now).endsWith("; Secure"))
  })

  it("a cookie for the browser's session has no age", () => {
    assert.doesNotMatch(new CookieCarrier().write(issue(), true, now), /Max-Age|Expires/)
  })

  for (const [ends, age] of [
    [DAY, 86_400],
    [1_999, 1],
    [0, 0],
    [-5_000, 0],
    [1_000 * DAY, 400 * 86_400],
  ] as const) {
    it(`a persistent cookie ends with the session, in ${ends} ms (tj/connect-redis#251, #239, #376)`, () => {
      const line = new CookieCarrier().write(issue({ persistent: true, expiresAt: now + ends }), true, now)
      assert.match(line, new RegExp(`; Max-Age=${age}; `))
      assert.ok(line.includes(`; Expires=${new Date(now + age * 1_000).toUTCString()};`))
    })
  }

  it("a deleted cookie has no value and ended long ago", () => {
    const line = new CookieCarrier().write(clear, true, now)
    assert.ok(line.startsWith("__Host-sid=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; "))
  })
})

describe("reading the cookie", () => {
  const carrier = new CookieCarrier({ secure: false })
  const read = (header: string | undefined) => carrier.read(header)?.token

  for (const [header, expected] of [
    [undefined, undefined],
    ["", undefined],
    ["other=1", undefined],
    [`sid=${token}`, token],
    [`other=1; sid=${token}; more=2`, token],
    [`sid="${token}"`, token],
    [`xsid=${other}; sid=${token}`, token],
    [`sidx=${other}; sid=${token}`, token],
    [`other=sid=${other}; sid=${token}`, token],
    ["sid=", ""],
    ["sid=nonsense", ""],
    [`SID=${token}`, undefined],
  ] as const) {
    it(`${JSON.stringify(header)?.replaceAll(token, "TOKEN").replaceAll(other, "OTHER")}`, () => {
      assert.equal(read(header), expected)
    })
  }

  it("of several cookies of the name, the first well-formed one counts, so that a tossed one locks nobody out", () => {
    assert.equal(read(`sid=tossed; sid=${token}; sid=${other}`), token)
    assert.equal(read(`sid=; sid="${other}"; sid=${token}`), other)
  })

  it("an id that is a path opens nothing, and no store is asked for it (gorilla/sessions#275)", async t => {
    const store = new FedStore(Date.now)
    const find = t.mock.method(store, "find")
    const sessions = await createSessions({ store, nearCache: {}, sweepInterval: false })
    const refusals: string[] = []
    sessions.on("refused", ({ reason }) => refusals.push(reason))
    for (const id of [
      "../../../etc/passwd",
      "..%2f..%2fx",
      "/tmp/x".padEnd(22, "a"),
      "a\\b".padEnd(22, "a"),
    ]) {
      const session = await sessions.open(read(`sid=${id}.${"s".repeat(43)}`))
      assert.equal(session.isStored, false)
    }
    assert.deepEqual(refusals, Array(4).fill("malformed"))
    assert.equal(find.mock.callCount(), 0)
    await sessions.close()
  })
})
