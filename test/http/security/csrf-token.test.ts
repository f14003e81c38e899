import assert from "node:assert/strict"
import { describe, it } from "node:test"
import fc from "fast-check"
import { csrfField, csrfToken, isCsrfToken } from "../../../src/http/csrf/token.ts"
import { Sessions } from "../../../src/http/sessions.ts"
import { ReferenceStore } from "../../testing/reference-store.ts"

const begin = () => new Sessions(new ReferenceStore(Date.now)).open(undefined)

describe("anti-forgery token", () => {
  it("is good for its session, any number of times", async () => {
    const session = await begin()
    const token = csrfToken(session)
    await session.save()
    assert.equal(isCsrfToken(session, token), true)
    assert.equal(isCsrfToken(session, token), true)
  })

  it("looks different in each response (BREACH)", async () => {
    const session = await begin()
    const tokens = new Set(Array.from({ length: 50 }, () => csrfToken(session)))
    assert.equal(tokens.size, 50)
    for (const token of tokens) assert.equal(isCsrfToken(session, token), true)
  })

  it("is no good for another session, nor for one that never issued any", async () => {
    const [first, second, third] = [await begin(), await begin(), await begin()]
    const token = csrfToken(first)
    csrfToken(second)
    assert.equal(isCsrfToken(second, token), false)
    assert.equal(isCsrfToken(third, token), false)
  })

  it("ends at login, also at a first login without a stored session", async () => {
    const anonymous = await begin()
    const early = csrfToken(anonymous)
    await anonymous.login("anna")
    assert.equal(isCsrfToken(anonymous, early), false)

    const stored = await begin()
    const token = csrfToken(stored)
    await stored.save()
    await stored.login("anna")
    assert.equal(isCsrfToken(stored, token), false)
    assert.equal(isCsrfToken(stored, csrfToken(stored)), true)
  })

  it("ends at rotate() and at logout", async () => {
    const session = await begin()
    await session.login("anna")
    const token = csrfToken(session)
    await session.rotate()
    assert.equal(isCsrfToken(session, token), false)
    const next = csrfToken(session)
    await session.logout()
    assert.equal(isCsrfToken(session, next), false)
  })

  it("comes as a hidden field, and is no key of the application's", async () => {
    const session = await begin()
    assert.match(csrfField(session), /^<input type="hidden" name="_csrf" value="[A-Za-z0-9_-]{86}">$/)
    assert.deepEqual(session.keys(), [])
  })

  it("takes anything as a wrong token, and never throws", async () => {
    const session = await begin()
    const token = csrfToken(session)
    fc.assert(fc.property(fc.anything(), value => assert.equal(isCsrfToken(session, value), false)))
    fc.assert(
      fc.property(fc.nat({ max: 85 }), fc.constantFrom("A", "_", "9", " "), (index, letter) => {
        const forged = token.slice(0, index) + letter + token.slice(index + 1)
        assert.equal(isCsrfToken(session, forged), forged === token || sameBytes(forged, token))
      }),
    )
  })
})

const sameBytes = (a: string, b: string) =>
  /^[A-Za-z0-9_-]+$/.test(a) && Buffer.from(a, "base64url").equals(Buffer.from(b, "base64url"))
