import assert from "node:assert/strict"
import { Buffer } from "node:buffer"
import { test } from "node:test"
import fc from "fast-check"
import type { Notice } from "../../../src/contract/feed.ts"
import {
  channelFor,
  heartbeatPayload,
  payloadsOf,
  readPayload,
} from "../../../src/stores/postgres/notices.ts"

const ID = "AbCdEfGhIjKlMnOpQrSt-_"

/** Texts of every kind: plain, with NUL, quotes, separators and lone surrogates. */
const text = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc.string({ unit: "binary", maxLength: 60 }),
  fc
    .array(fc.constantFrom("\0", "\n", "\t", '"', "\\", "\ud800", "\udfff", "é", "😀", "\u2028", "a"))
    .map(all => all.join("")),
)
const version = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
const plain = { noNullPrototype: true }
const notice: fc.Arbitrary<Notice> = fc.oneof(
  fc.record({ kind: fc.constant("changed" as const), id: text, version }, plain),
  fc.record({ kind: fc.constant("revoked" as const), id: text }, plain),
  fc.record({ kind: fc.constant("userRevoked" as const), userId: text }, plain),
  fc.record({ kind: fc.constant("userRevoked" as const), userId: text, except: text }, plain),
  fc.record({ kind: fc.constant("allRevoked" as const) }, plain),
)

test("notices come out of their payloads as they went in, in order", () => {
  fc.assert(
    fc.property(fc.array(notice, { maxLength: 200 }), notices => {
      assert.deepEqual(payloadsOf(notices).flatMap(readPayload), notices)
    }),
  )
})

test("a payload has less than 8000 bytes, all of them ASCII", () => {
  fc.assert(
    fc.property(fc.array(notice, { maxLength: 400 }), notices => {
      for (const payload of payloadsOf(notices)) {
        assert.ok(Buffer.byteLength(payload) < 8000)
        assert.match(payload, /^[ -~\n\t]+$/)
      }
    }),
  )
})

test("a thousand revoked ids take four payloads, not a thousand and not one too long", () => {
  const notices = Array.from({ length: 1000 }, (): Notice => ({ kind: "revoked", id: ID }))
  assert.equal(payloadsOf(notices).length, 4)
  assert.deepEqual(payloadsOf(notices).flatMap(readPayload), notices)
})

test("a payload is filled up to 7999 bytes", () => {
  const filling: Notice = { kind: "revoked", id: "x".repeat(7996) }
  const [payload = ""] = payloadsOf([filling])
  assert.equal(payload.length, 7999)
  assert.deepEqual(readPayload(payload), [filling])
})

test("a notice that no payload can carry is told as unknown", () => {
  const long: Notice = { kind: "userRevoked", userId: "é".repeat(2000) }
  assert.deepEqual(payloadsOf([long]).flatMap(readPayload), [{ kind: "unknown" }])
})

test("nothing to tell makes no payload", () => {
  assert.deepEqual(payloadsOf([]), [])
})

test("a heartbeat comes out as it went in", () => {
  fc.assert(
    fc.property(text, version, (feed, sequence) => {
      assert.deepEqual(readPayload(heartbeatPayload(feed, sequence)), [{ kind: "heartbeat", feed, sequence }])
    }),
  )
})

test("whatever this version did not write is unknown", () => {
  const wrong = [
    "",
    "1",
    "1\n",
    "2\na",
    "1\nx",
    "1\na\n",
    "1\naa",
    "1\nr",
    `1\nr${ID}\tx`,
    '1\nr"a"',
    '1\nr"',
    "1\nr{}",
  ]
  const numbers = ["NaN", "Infinity", "-1", "01", "1.5", "1e3", "", "9007199254740993"].map(
    number => `1\nc${number}\t${ID}`,
  )
  for (const payload of [...wrong, ...numbers, "1\nu", "1\nua\tb\tc", "{}", "[]", `1\nr${ID}\n?`]) {
    assert.deepEqual(readPayload(payload), [{ kind: "unknown" }], JSON.stringify(payload))
  }
})

test("any text is read without throwing, and what is understood is written the same way", () => {
  const line = fc.tuple(fc.constantFrom("c", "r", "u", "a", "h", "?", ""), text).map(parts => parts.join(""))
  const payload = fc.oneof(
    text,
    fc.array(line).map(lines => ["1", ...lines].join("\n")),
  )
  fc.assert(
    fc.property(payload, given => {
      const told = readPayload(given)
      if (told.some(({ kind }) => kind === "unknown")) return assert.equal(told.length, 1)
      const notices = told.filter(item => item.kind !== "heartbeat" && item.kind !== "unknown")
      if (notices.length === told.length) assert.deepEqual(payloadsOf(notices), [given])
    }),
  )
})

test("channels are named by schema and prefix", () => {
  assert.equal(channelFor("public", "sojourn_"), "sojourn:public.sojourn_")
})

test("two installations never share a channel, and no channel has more than 63 bytes", () => {
  const name = fc.oneof(
    text,
    fc.stringMatching(/^[a-z_.]{1,80}$/),
    fc.constantFrom("a", "a.b", "b", "b.c", "c"),
  )
  fc.assert(
    fc.property(name, name, name, name, (schema, prefix, otherSchema, otherPrefix) => {
      const channel = channelFor(schema, prefix)
      assert.match(channel, /^[!-~]{1,63}$/)
      const same = schema === otherSchema && prefix === otherPrefix
      assert.equal(channel === channelFor(otherSchema, otherPrefix), same)
    }),
  )
})

test("names that are equal in their first 63 bytes have different channels", () => {
  const long = "s".repeat(63)
  assert.notEqual(channelFor(long, "a_"), channelFor(long, "b_"))
  assert.notEqual(channelFor("a.b", "c"), channelFor("a", "b.c"))
})
