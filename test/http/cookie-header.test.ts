import assert from "node:assert/strict"
import { describe, it } from "node:test"
import fc from "fast-check"
import { isToken } from "../../src/core/token.ts"
import { cookieValues } from "../../src/http/cookie-header.ts"
import { Sessions } from "../../src/http/sessions.ts"
import { SpyStore } from "../adapters/spy-store.ts"

const NAME = "sid"
const token = `${"i".repeat(22)}.${"s".repeat(43)}`

/** What RFC 6265bis means, as plainly as it can be said: split at semicolons, then at the first equals sign. */
function plainly(header: string, name: string): string[] {
  const pairs = header
    .split(";")
    .map(pair => pair.split(/=(.*)/s).map(part => part.replace(/^[ \t]+|[ \t]+$/g, "")))
  const values = pairs
    .filter(([key, value]) => key === name && value !== undefined)
    .map(([, value]) => value ?? "")
  return values.map(value => (/^".*"$/s.test(value) && value.length > 1 ? value.slice(1, -1) : value))
}

const blank = fc.constantFrom("", " ", "\t", "  ")
const cookieName = fc.oneof(
  fc.constantFrom(NAME, `x${NAME}`, `${NAME}x`, "other", "s"),
  fc.stringMatching(/^[a-z_-]{1,8}$/),
)
const cookieOctets = fc.stringMatching(/^[!#-+\--:<-[\]-~]{0,12}$/)
const cookieValue = fc.oneof(
  cookieOctets,
  cookieOctets.map(value => `"${value}"`),
  fc.constantFrom(token, NAME, `${NAME}=1`, "=", "a=b=c"),
)
const wellFormed = fc
  .array(fc.tuple(blank, cookieName, cookieValue), { maxLength: 8 })
  .map(pairs => pairs.map(([space, name, value]) => `${space}${name}=${value}`).join(";"))

/** Any bytes, as they come off the wire, with our name and our separators often among them. */
const bytes = fc.uint8Array({ maxLength: 200 }).map(array => Buffer.from(array).toString("latin1"))
const planted = fc
  .array(
    fc.oneof(fc.constantFrom(NAME, `${NAME}=`, "=", ";", " ", '"', "\t", token, token.slice(1)), bytes),
    { maxLength: 12 },
  )
  .map(parts => parts.join(""))
const anything = fc.oneof(bytes, planted, fc.string({ unit: "binary" }))

describe("reading the Cookie header", () => {
  it("agrees with the plain reading of every well-formed header", () => {
    fc.assert(
      fc.property(wellFormed, header => {
        assert.deepEqual(cookieValues(header, NAME), plainly(header, NAME))
      }),
      { numRuns: 2_000 },
    )
  })

  it("finds a planted token wherever it stands", () => {
    fc.assert(
      fc.property(wellFormed, wellFormed, (before, after) => {
        assert.ok(cookieValues(`${before};${NAME}=${token};${after}`, NAME).includes(token))
      }),
    )
  })

  it("takes any text without an error, and finds nothing that the plain reading does not", () => {
    fc.assert(
      fc.property(anything, header => {
        const tokens = cookieValues(header, NAME).filter(isToken)
        const plain = plainly(header, NAME).map(value => value.trim())
        for (const value of tokens) assert.ok(plain.includes(value))
      }),
      { numRuns: 2_000 },
    )
  })

  it("G8: whatever stands in the header, the store is asked only for a well-formed token", async () => {
    const store = new SpyStore()
    const sessions = new Sessions(store, { cookie: { secure: false }, sweepInterval: false })
    await fc.assert(
      fc.asyncProperty(anything, async header => {
        const asked = store.calls.length
        const presented = sessions.edge.carrier.read(header)
        const session = await sessions.open(presented?.token)
        assert.equal(session.isStored, false)
        const hasToken = plainly(header, NAME).some(value => isToken(value.trim()))
        assert.equal(store.calls.length - asked, hasToken ? 1 : 0)
      }),
      { numRuns: 500 },
    )
  })

  it("a header of many near misses costs no more than its length", () => {
    for (const part of [`${NAME} `, `${NAME}`, `${NAME}=;`, ` `, `;${NAME}`, `${" ".repeat(50)}${NAME}`]) {
      const header = part.repeat(Math.floor(100_000 / part.length))
      const begun = performance.now()
      cookieValues(header, NAME)
      assert.ok(performance.now() - begun < 500, JSON.stringify(part.slice(0, 10)))
    }
  })
})
