import assert from "node:assert/strict"
import { createHmac, randomBytes } from "node:crypto"
import { describe, it } from "node:test"
import fc from "fast-check"
import { isSessionError } from "../../../src/contract/errors.ts"
import { secretSource } from "../../../src/core/secret.ts"
import { formatToken } from "../../../src/core/token.ts"
import { hmacSha256 } from "../../../src/http/hmac.ts"
import { checkedKeys, generateKey } from "../../../src/http/keys.ts"
import { encryptedTokens, plainTokens, signedTokens } from "../../../src/http/token-protection.ts"

const source = secretSource()
const newToken = () => formatToken({ id: source.id(), secret: source.secret() })

for (const [kind, protect] of Object.entries({ signed: signedTokens, encrypted: encryptedTokens })) {
  describe(`${kind} token`, () => {
    const key = generateKey()

    it("opens what it wrapped", () => {
      const token = newToken()
      assert.deepEqual(protect([key], "sid").open(protect([key], "sid").wrap(token)), { token, stale: false })
    })

    it("opens with an older key as well, and says that it is one (ASVS 13.3.4)", () => {
      const token = newToken()
      const text = protect([key], "sid").wrap(token)
      assert.deepEqual(protect([generateKey(), key], "sid").open(text), { token, stale: true })
    })

    it("opens neither with another key nor for another name", () => {
      const text = protect([key], "sid").wrap(newToken())
      assert.equal(protect([generateKey()], "sid").open(text), undefined)
      assert.equal(protect([key], "admin").open(text), undefined)
    })

    it("opens no plain token", () => assert.equal(protect([key], "sid").open(newToken()), undefined))

    it("opens nothing forged, and never throws", () => {
      const protection = protect([key], "sid")
      const text = protection.wrap(newToken())
      fc.assert(
        fc.property(fc.string({ maxLength: 200 }), forged =>
          assert.equal(protection.open(forged), undefined),
        ),
      )
      fc.assert(
        fc.property(
          fc.nat({ max: text.length - 2 }),
          fc.constantFrom("A", "b", "_", ".", "é"),
          (index, letter) => {
            const forged = text.slice(0, index) + letter + text.slice(index + 1)
            assert.equal(protection.open(forged) === undefined, forged !== text)
          },
        ),
        { numRuns: 500 },
      )
    })
  })
}

it("an encrypted token shows neither id nor secret, and never the same text twice", () => {
  const protection = encryptedTokens([generateKey()], "sid")
  const token = newToken()
  const [first, second] = [protection.wrap(token), protection.wrap(token)]
  assert.notEqual(first, second)
  for (const part of token.split(".")) assert.equal(first.includes(part), false)
})

it("a plain token is the token", () => {
  const token = newToken()
  assert.equal(plainTokens.wrap(token), token)
  assert.deepEqual(plainTokens.open(token), { token, stale: false })
  assert.equal(plainTokens.open(`${token}x`), undefined)
})

describe("application keys", () => {
  const wrong: [string, readonly string[] | undefined][] = [
    ["no keys", undefined],
    ["an empty list", []],
    ["a short key", ["c2hvcnQ"]],
    ["a second key that is short", [generateKey(), "x".repeat(42)]],
    ["a key that is not random", ["A".repeat(43)]],
  ]
  for (const [what, keys] of wrong) {
    it(`refuses ${what} at the start, and says how to make one`, () => {
      assert.throws(
        () => checkedKeys(keys),
        error => isSessionError(error, "ERR_SESSION_CONFIG") && error.message.includes("generateKey()"),
      )
    })
  }

  it("takes what generateKey makes", () => assert.equal(checkedKeys([generateKey()])[0]?.length, 32))
})

it("hmacSha256 is HMAC-SHA256 (RFC 2104), at every length of key and text", () => {
  fc.assert(
    fc.property(fc.nat({ max: 130 }), fc.nat({ max: 700 }), (keyLength, textLength) => {
      const key = randomBytes(keyLength)
      const text = randomBytes(textLength).toString("latin1")
      const expected = createHmac("sha256", key).update(Buffer.from(text, "latin1")).digest()
      assert.deepEqual(hmacSha256(key)(text), expected)
    }),
  )
})
