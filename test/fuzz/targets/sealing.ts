import assert from "node:assert/strict"
import { deriveKey, generateKey } from "../../../src/http/keys.ts"
import { openJwe, sealJwe } from "../../../src/http/sealing/jwe.ts"
import { recordSeal } from "../../../src/http/sealing/record-seal.ts"
import { SealedSessions, SecureCookie, type SecureCookieKeys } from "../../../src/index.ts"
import { RecordBuilder } from "../../../src/testing/record-builder.ts"
import { type AnyTarget, target } from "../target.ts"

const HEADER = Buffer.from('{"alg":"dir","enc":"A256GCM"}').toString("base64url")
/** The same algorithms, spelt otherwise: good in itself, but not what has been sealed. */
const RESPELT = Buffer.from('{"enc":"A256GCM","alg":"dir","typ":"JWE"}').toString("base64url")
const NONE = Buffer.from('{"alg":"none"}').toString("base64url")
const PIECES = ["A", ".", "..", "=", "|", HEADER, NONE, "é", "{", "["]
const withOtherHeader = (jwe: string): string => RESPELT + jwe.slice(HEADER.length)
const bytesOf = (text: string): Buffer => Buffer.from(text, "base64url")

/** Sealed sessions, JWE, and cookies of gorilla/securecookie. */
export const sealingTargets = (): AnyTarget[] => [
  jweTarget(),
  sealedSessionTarget(),
  secureCookieTarget("securecookie, signed", { hashKey: "a hash key" }),
  secureCookieTarget("securecookie, encrypted", { hashKey: "a hash key", blockKey: "0123456789abcdef" }),
]

function jweTarget(): AnyTarget {
  const application = bytesOf(generateKey())
  const [key, otherUse, otherName] = [
    deriveKey(application, "sealed-session", "sid"),
    deriveKey(application, "encrypted-token", "sid"),
    deriveKey(application, "sealed-session", "other"),
  ]
  const texts = ["", "a", '{"v":1}', "a longer text, with é and 😀", "much alike, ".repeat(20)]
  const sealed = new Map(
    [false, true].flatMap(compress => texts.map(text => [sealJwe(key, text, compress), text] as const)),
  )
  const strangers = [otherUse, otherName, bytesOf(generateKey())]
  const foreign = [
    ...strangers.flatMap(each => texts.map(text => sealJwe(each, text))),
    ...[...sealed.keys()].map(withOtherHeader),
  ]
  return target({
    name: "JWE",
    seeds: { valid: [...sealed.keys()], foreign, pieces: PIECES },
    run: text => openJwe(key, text),
    judge({ kind, text }, opened) {
      if (opened === undefined) {
        assert.notEqual(kind, "valid")
        return "refused"
      }
      const issued = [...sealed.keys()].find(jwe => isRespeltJwe(text, jwe))
      assert.notEqual(kind, "of another use")
      assert.ok(issued !== undefined, `opens: ${text}`)
      assert.equal(opened, sealed.get(issued))
      return issued === text ? "opened" : "opened in another spelling"
    },
  })
}

/** The header is authenticated as it is spelt; the other parts by their bytes. */
function isRespeltJwe(text: string, jwe: string): boolean {
  const [given, issued] = [text.split("."), jwe.split(".")]
  return (
    given.length === issued.length &&
    given[0] === issued[0] &&
    given.every((part, index) => bytesOf(part).equals(bytesOf(issued[index] ?? "")))
  )
}

function sealedSessionTarget(): AnyTarget {
  const keys = [generateKey(), generateKey()]
  const sessions = new SealedSessions({ keys })
  const builder = new RecordBuilder({ now: Date.now })
  const data = new Map([["cart", { text: '["tea"]' }]])
  const records = [
    builder.record(),
    builder.record({ login: builder.login("anna") }),
    builder.record({ data }),
  ]
  const { name } = sessions.edge.carrier.cookie
  const sealed = new Map(records.map(record => [recordSeal(keys, name).seal(record), record.id]))
  const expired = recordSeal(keys, name).seal(builder.record({ expiresAt: 1 }))
  const strangers = [recordSeal([generateKey()], name), recordSeal(keys, "other")]
  const foreign = [
    ...strangers.flatMap(seal => records.map(record => seal.seal(record))),
    ...[...sealed.keys()].map(withOtherHeader),
    expired,
  ]
  return target({
    name: "sealed session",
    seeds: { valid: [...sealed.keys()], foreign, pieces: PIECES },
    run: text => sessions.open(text),
    judge({ kind, text }, { id, isStored }) {
      if (!isStored) {
        assert.notEqual(kind, "valid")
        return "refused"
      }
      const issued = [...sealed.keys()].find(jwe => isRespeltJwe(text, jwe))
      assert.notEqual(kind, "of another use")
      assert.ok(issued !== undefined, `opens: ${text}`)
      assert.equal(id, sealed.get(issued))
      return issued === text ? "opened" : "opened in another spelling"
    },
  })
}

function secureCookieTarget(name: string, keys: SecureCookieKeys): AnyTarget {
  const now = () => 1_700_000_000_000
  const cookies = new SecureCookie({ keys: [keys], now })
  const values = [{ foo: "bar" }, [1, 2, 3], "text", null]
  const valid = new Map(values.map(value => [cookies.encode("sid", value), value]))
  const stranger = new SecureCookie({ keys: [{ ...keys, hashKey: "another" }], now })
  const long = new SecureCookie({ keys: [keys], now: () => 1_600_000_000_000 })
  const foreign = values.flatMap(value => [
    stranger.encode("sid", value),
    cookies.encode("other", value),
    long.encode("sid", value),
  ])
  return target({
    name,
    seeds: { valid: [...valid.keys()], foreign, pieces: PIECES },
    run: text => cookies.decode("sid", text),
    judge({ kind, text }, value) {
      if (value === undefined) {
        assert.notEqual(kind, "valid")
        return "refused"
      }
      const issued = [...valid.keys()].find(cookie => bytesOf(text).equals(bytesOf(cookie)))
      assert.notEqual(kind, "of another use")
      assert.ok(issued !== undefined, `is decoded: ${text}`)
      assert.deepEqual(value, valid.get(issued))
      return issued === text ? "opened" : "opened in another spelling"
    },
  })
}
