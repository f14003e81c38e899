import assert from "node:assert/strict"
import { describe, it } from "node:test"
import fc from "fast-check"
import { hashSecret, sameHash, secretSource } from "../../src/core/secret.ts"
import { formatToken, isId, isToken, isWellFormed, splitToken, TOKEN_LENGTH } from "../../src/core/token.ts"

const ID = "A".repeat(22)
const SECRET = "b_-9".repeat(11).slice(0, 43)

const malformed: Readonly<Record<string, string>> = {
  empty: "",
  "without secret": ID,
  "without dot": `${ID}x${SECRET}`,
  "with a dot elsewhere": `${ID.slice(1)}.${SECRET}b`,
  "too short": `${ID}.${SECRET.slice(1)}`,
  "too long": `${ID}.${SECRET}b`,
  "with padding": `${ID}.${SECRET.slice(1)}=`,
  "in the other alphabet": `${ID}.${SECRET.slice(1)}+`,
  "with a line break": `${ID}.${SECRET.slice(1)}\n`,
  "with a letter beyond ASCII": `${ID}.${SECRET.slice(1)}é`,
  "percent-encoded": `${ID}%2E${SECRET.slice(2)}`,
}

describe("a token", () => {
  it("is id.secret, 66 characters, and reads back as it was written", () => {
    const source = secretSource()
    for (let count = 0; count < 1_000; count++) {
      const token = { id: source.id(), secret: source.secret() }
      const text = formatToken(token)
      assert.equal(text.length, TOKEN_LENGTH)
      assert.equal(isToken(text), true)
      assert.deepEqual(splitToken(text), token)
      assert.equal(isId(token.id), true)
    }
  })

  for (const [name, text] of Object.entries(malformed)) {
    it(`is not a text ${name}`, () => {
      assert.equal(isToken(text), false)
    })
  }

  it("is what has its shape and its characters: only both together are looked at before a store is asked", () => {
    const near = fc.string({
      unit: fc.constantFrom("A", "_", "-", ".", "=", "é", "\n"),
      minLength: 66,
      maxLength: 66,
    })
    const dotted = near.map(text => `${text.slice(0, 22)}.${text.slice(23)}`)
    fc.assert(
      fc.property(
        fc.oneof(near, dotted, fc.constantFrom(...Object.values(malformed), `${ID}.${SECRET}`)),
        text => {
          const token = splitToken(text)
          assert.equal(token !== undefined && isWellFormed(token), isToken(text))
        },
      ),
    )
  })

  it("is no text whatsoever that it does not write itself", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 80 }), text => {
        const token = splitToken(text)
        assert.ok(token === undefined || formatToken(token) === text)
      }),
    )
  })
})

describe("secrets", () => {
  it("never repeat, over many portions of chance", () => {
    const source = secretSource()
    const drawn = Array.from({ length: 5_000 }, () => [source.id(), source.secret()]).flat()
    assert.equal(new Set(drawn).size, drawn.length)
    assert.deepEqual([...new Set(drawn.map(text => text.length))].sort(), [22, 43])
  })

  it("compare equal only when they are", () => {
    const [one, other] = [hashSecret("one"), hashSecret("other")]
    assert.equal(sameHash(one, hashSecret("one")), true)
    assert.equal(sameHash(one, other), false)
    assert.equal(sameHash(one, one.slice(1)), false)
    for (const index of [0, 20, 42]) {
      const changed = `${one.slice(0, index)}${one[index] === "A" ? "B" : "A"}${one.slice(index + 1)}`
      assert.equal(sameHash(one, changed), false)
    }
  })
})
