import assert from "node:assert/strict"
import { hkdfSync } from "node:crypto"
import { describe, it } from "node:test"
import fc from "fast-check"
import { CompactEncrypt, compactDecrypt } from "jose"
import { isSessionError } from "../../../src/contract/errors.ts"
import { deriveKey, generateKey } from "../../../src/http/keys.ts"
import { openJwe, sealJwe } from "../../../src/http/sealing/jwe.ts"
import { SecureCookie } from "../../../src/http/sealing/securecookie.ts"

const key = deriveKey(Buffer.from(generateKey(), "base64url"), "sealed-session", "sid")

describe("JWE", () => {
  it("opens what it sealed, whatever the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), text =>
        assert.equal(openJwe(key, sealJwe(key, text)), text),
      ),
    )
  })

  it("is opened by jose alone, with the documented key derivation", async () => {
    const application = generateKey()
    const derived = deriveKey(Buffer.from(application, "base64url"), "sealed-session", "__Host-sid")
    const jwe = sealJwe(derived, '{"hello":"wörld"}')
    const theirs = hkdfSync(
      "sha256",
      Buffer.from(application, "base64url"),
      "",
      "sojourn/sealed-session/__Host-sid",
      32,
    )
    const { plaintext, protectedHeader } = await compactDecrypt(jwe, new Uint8Array(theirs))
    assert.equal(new TextDecoder().decode(plaintext), '{"hello":"wörld"}')
    assert.deepEqual(protectedHeader, { alg: "dir", enc: "A256GCM" })
  })

  it("opens what jose sealed", async () => {
    const sealed = new CompactEncrypt(new TextEncoder().encode("theirs")).setProtectedHeader({
      enc: "A256GCM",
      alg: "dir",
      typ: "JWE",
    })
    assert.equal(openJwe(key, await sealed.encrypt(key)), "theirs")
  })

  it("refuses another algorithm, a header that was not sealed, and extensions", async () => {
    const encrypt = new CompactEncrypt(new TextEncoder().encode("x")).setProtectedHeader({
      alg: "dir",
      enc: "A256CBC-HS512",
    })
    assert.equal(openJwe(key, await encrypt.encrypt(new Uint8Array(64))), undefined)
    const [, ...rest] = sealJwe(key, "x").split(".")
    for (const header of ['{"alg":"dir","enc":"A256GCM","zip":"DEF"}', '{"alg":"none"}', "[]", "null", "{"]) {
      assert.equal(openJwe(key, [Buffer.from(header).toString("base64url"), ...rest].join(".")), undefined)
    }
  })

  it("opens nothing forged, and never throws", () => {
    const jwe = sealJwe(key, "a text of some length")
    fc.assert(fc.property(fc.string(), text => assert.equal(openJwe(key, text), undefined)))
    fc.assert(
      fc.property(
        fc.nat({ max: jwe.length - 2 }),
        fc.constantFrom("A", "b", "_", ".", "é"),
        (index, letter) => {
          const forged = jwe.slice(0, index) + letter + jwe.slice(index + 1)
          const opened = openJwe(key, forged)
          assert.equal(opened === undefined || opened === "a text of some length", true)
          if (forged === jwe) assert.equal(opened, "a text of some length")
        },
      ),
      { numRuns: 1_000 },
    )
  })
})

describe("gorilla securecookie", () => {
  const VECTOR = "MTcwMDAwMDAwMHxleUptYjI4aU9pSmlZWElpZlFvPXwhwPuCXl3dTWKGcBDrZr2ePRYSoiuqgws87ick2-bwlQ=="
  const at = (seconds: number, maxAge?: number) =>
    new SecureCookie({
      keys: [{ hashKey: "12345" }],
      now: () => seconds * 1_000,
      ...(maxAge !== undefined && { maxAge }),
    })

  it("writes the vector", () => assert.equal(at(1_700_000_000).encode("sid", { foo: "bar" }), VECTOR))

  it("reads the vector", () => assert.deepEqual(at(1_700_000_000).decode("sid", VECTOR), { foo: "bar" }))

  it("is bound to the cookie's name and to the key", () => {
    assert.equal(at(1_700_000_000).decode("sid2", VECTOR), undefined)
    assert.equal(
      new SecureCookie({ keys: [{ hashKey: "12346" }], maxAge: 0 }).decode("sid", VECTOR),
      undefined,
    )
  })

  it("judges the age: equal passes, above does not, 0 is unlimited", () => {
    assert.deepEqual(at(1_700_000_060, 60).decode("sid", VECTOR), { foo: "bar" })
    assert.equal(at(1_700_000_061, 60).decode("sid", VECTOR), undefined)
    assert.deepEqual(at(2_700_000_000, 0).decode("sid", VECTOR), { foo: "bar" })
  })

  it("encrypts with a block key, and reads with older pairs", () => {
    const old = new SecureCookie({ keys: [{ hashKey: "old", blockKey: "0123456789abcdef" }] })
    const both = new SecureCookie({
      keys: [{ hashKey: "new" }, { hashKey: "old", blockKey: "0123456789abcdef" }],
    })
    const cookie = old.encode("sid", { secret: "value" })
    assert.equal(Buffer.from(cookie, "base64url").toString("latin1").includes("value"), false)
    assert.deepEqual(both.decode("sid", cookie), { secret: "value" })
  })

  it("reads nothing forged, and never throws", () => {
    fc.assert(
      fc.property(fc.string(), text => assert.equal(at(1_700_000_000).decode("sid", text), undefined)),
    )
  })

  it("refuses what is too long, with a typed error", () => {
    assert.throws(
      () => at(0).encode("sid", "x".repeat(4_000)),
      error => isSessionError(error, "ERR_SESSION_TOO_LARGE"),
    )
  })

  it("refuses wrong keys at the start", () => {
    for (const keys of [[], [{ hashKey: "a", blockKey: "short" }]]) {
      assert.throws(
        () => new SecureCookie({ keys }),
        error => isSessionError(error, "ERR_SESSION_CONFIG"),
      )
    }
  })
})
