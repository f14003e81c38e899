import assert from "node:assert/strict"
import { createCipheriv, randomBytes } from "node:crypto"
import { describe, it } from "node:test"
import fc from "fast-check"
import { CompactEncrypt, compactDecrypt } from "jose"
import { deriveKey } from "../../../src/http/keys.ts"
import { openJwe, sealJwe } from "../../../src/http/sealing/jwe.ts"
import {
  generateKey,
  isSessionError,
  SealedSessions,
  type SealedSessionsOptions,
} from "../../../src/index.ts"
import { tokenOf } from "../../promises/trial.ts"

const application = generateKey()
const key = deriveKey(Buffer.from(application, "base64url"), "sealed-session", "__Host-sid")
const LONG = JSON.stringify(Array.from({ length: 100 }, (_, index) => ({ sku: `tea-${index}`, quantity: 1 })))
const headerOf = (jwe: string): unknown =>
  JSON.parse(Buffer.from(jwe.split(".")[0] ?? "", "base64url").toString())

/** Seals bytes as they are under a header that says that they are deflated. */
function sealedAsDeflated(bytes: Buffer): string {
  const header = Buffer.from('{"alg":"dir","enc":"A256GCM","zip":"DEF"}').toString("base64url")
  const iv = randomBytes(12)
  const cipher = createCipheriv("aes-256-gcm", key, iv)
  cipher.setAAD(Buffer.from(header))
  const body = Buffer.concat([cipher.update(bytes), cipher.final()])
  return [header, "", ...[iv, body, cipher.getAuthTag()].map(part => part.toString("base64url"))].join(".")
}

describe("a compressed JWE (RFC 7516, 4.1.3)", () => {
  it("opens to what was sealed, whatever the text, and is never longer than the plain one", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 400 }), text => {
        const jwe = sealJwe(key, text, true)
        assert.equal(openJwe(key, jwe), text)
        assert.ok(jwe.length <= sealJwe(key, text).length)
      }),
    )
  })

  it("is opened by jose", async () => {
    const jwe = sealJwe(key, LONG, true)
    assert.deepEqual(headerOf(jwe), { alg: "dir", enc: "A256GCM", zip: "DEF" })
    assert.ok(jwe.length < LONG.length / 2)
    const { plaintext } = await compactDecrypt(jwe, new Uint8Array(key))
    assert.equal(new TextDecoder().decode(plaintext), LONG)
  })

  it("is opened when jose made it", async () => {
    const theirs = new CompactEncrypt(new TextEncoder().encode(LONG)).setProtectedHeader({
      alg: "dir",
      enc: "A256GCM",
      zip: "DEF",
    })
    assert.equal(openJwe(key, await theirs.encrypt(key)), LONG)
  })

  it("that would unpack to more than the bound is refused, though its seal is genuine", async () => {
    const bomb = (length: number) =>
      new CompactEncrypt(new Uint8Array(length).fill(97))
        .setProtectedHeader({ alg: "dir", enc: "A256GCM", zip: "DEF" })
        .encrypt(key)
    assert.equal(openJwe(key, await bomb(250_000))?.length, 250_000)
    assert.equal(openJwe(key, await bomb(250_001)), undefined)
    const large = await bomb(50_000_000)
    assert.ok(large.length < 100_000)
    assert.equal(openJwe(key, large), undefined)
  })

  it("that holds no DEFLATE is refused, and so is another kind of compression", () => {
    assert.equal(openJwe(key, sealedAsDeflated(Buffer.from("not deflated"))), undefined)
    assert.equal(openJwe(key, sealedAsDeflated(Buffer.alloc(0))), undefined)
    const [, ...rest] = sealJwe(key, LONG, true).split(".")
    const other = Buffer.from('{"alg":"dir","enc":"A256GCM","zip":"GZ"}').toString("base64url")
    assert.equal(openJwe(key, [other, ...rest].join(".")), undefined)
  })

  it("is plain where deflating would make it longer", () => {
    assert.deepEqual(headerOf(sealJwe(key, "a", true)), { alg: "dir", enc: "A256GCM" })
  })
})

describe("compressed sealed sessions", () => {
  type Data = { cart: string }
  const open = (options: Partial<SealedSessionsOptions<Data>> = {}) =>
    new SealedSessions<Data>({
      keys: [application],
      limits: { maxSessionLength: 1_000_000, maxValueLength: 1_000_000 },
      ...options,
    })
  const sealedIn = async (sessions: SealedSessions<Data>, cart: string) => {
    const session = sessions.open(undefined)
    session.set("cart", cart)
    await session.save()
    return tokenOf(session)
  }

  it("hold more than a cookie's length of text that is much alike; without the option it is an error", async () => {
    const cart = "a cup of tea, ".repeat(1_000)
    assert.equal(
      open()
        .open(await sealedIn(open({ compress: true }), cart))
        .get("cart"),
      cart,
    )
    await assert.rejects(sealedIn(open(), cart), error => isSessionError(error, "ERR_SESSION_TOO_LARGE"))
  })

  it("are off unless asked for", async () => {
    assert.deepEqual(headerOf(await sealedIn(open(), LONG.slice(0, 1_000))), { alg: "dir", enc: "A256GCM" })
  })

  it("open whether the option is on or off, so that switching it loses nobody", async () => {
    for (const [before, after] of [
      [true, false],
      [false, true],
    ]) {
      const token = await sealedIn(open({ compress: before === true }), LONG.slice(0, 1_500))
      assert.equal(
        open({ compress: after === true })
          .open(token)
          .get("cart"),
        LONG.slice(0, 1_500),
      )
    }
  })

  it("refuse to seal what they would refuse to unpack", async () => {
    const cart = "x".repeat(250_000)
    await assert.rejects(sealedIn(open({ compress: true }), cart), error =>
      isSessionError(error, "ERR_SESSION_TOO_LARGE"),
    )
  })

  it("take true or false alone", () => {
    assert.throws(
      () => new SealedSessions(JSON.parse(`{"keys":["${application}"],"compress":"yes"}`)),
      error => isSessionError(error, "ERR_SESSION_CONFIG"),
    )
  })
})
