import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import type { Notice } from "../../../src/contract/feed.ts"
import { readMessage, writeHeartbeat, writeNotice } from "../../../src/stores/redis/notices.ts"

const anyText = fc.string({ unit: "binary" })
const anyId = fc.oneof(
  fc.stringMatching(/^[\w-]{22}$/),
  fc.string({ unit: "binary", minLength: 1 }),
  fc.constantFrom("\ud800", "\0", "a b 7", " ", "\n"),
)

const anyNotice: fc.Arbitrary<Notice> = fc.oneof(
  fc.record({ kind: fc.constant("changed"), id: anyId, version: fc.maxSafeNat() }),
  fc.record({ kind: fc.constant("revoked"), id: anyId }),
  fc.record(
    { kind: fc.constant("userRevoked"), userId: anyText, except: anyId },
    { requiredKeys: ["kind", "userId"] },
  ),
  fc.record({ kind: fc.constant("allRevoked") }),
)

test("what is written is read again, whatever the ids are", () => {
  fc.assert(
    fc.property(anyNotice, notice => {
      const { ...read } = readMessage(writeNotice(notice))
      assert.deepEqual(read, { ...notice })
    }),
  )
})

test("a heartbeat is read with its feed and its sequence number", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[\w-]{12}$/), fc.maxSafeNat(), (feedId, seq) => {
      assert.deepEqual(readMessage(writeHeartbeat(feedId, seq)), { kind: "heartbeat", feedId, seq })
    }),
  )
})

test("reading never throws, and what is not known is told apart", () => {
  const odd = fc.oneof(
    anyText,
    anyText.map(text => `u ${text}`),
    fc.json().map(json => `u ${json}`),
    anyText.map(text => `c ${text}`),
    anyText.map(text => `r \0${text}`),
    anyText.map(text => `h ${text}`),
  )
  const kinds = ["changed", "revoked", "userRevoked", "allRevoked", "heartbeat", "unknown"]
  fc.assert(
    fc.property(odd, text => {
      const message = readMessage(text)
      assert.ok(kinds.includes(message.kind))
      if (message.kind === "unknown") assert.equal(message.text, text)
    }),
  )
})

test("the texts are those that the store's scripts write", () => {
  const id = "AAAAAAAAAAAAAAAAAAAAAA"
  const texts: [string, Notice][] = [
    [`c ${id} 7`, { kind: "changed", id, version: 7 }],
    [`r ${id}`, { kind: "revoked", id }],
    ['u {"userId":"ada"}', { kind: "userRevoked", userId: "ada" }],
    [`u {"userId":"ada","except":"${id}"}`, { kind: "userRevoked", userId: "ada", except: id }],
    ["a", { kind: "allRevoked" }],
  ]
  for (const [text, notice] of texts) {
    assert.equal(writeNotice(notice), text)
    assert.deepEqual(readMessage(text), notice)
  }
})

for (const text of [
  ...[
    "",
    " ",
    "a ",
    "all",
    "A",
    "x AAAA",
    "r",
    "r ",
    "c",
    "c id",
    "c id ",
    "c  7",
    "c 7",
    "c id -1",
    "c id 1.5",
  ],
  ...["c id 1e3", "c id 9007199254740992", "h 7", "h feed seven", "u", "u ", "u {", "u null", "u []", "u {}"],
  ...['u {"userId":7}', 'u {"userId":"ada","except":7}', "r \0", 'r \0"'],
]) {
  test(`${JSON.stringify(text)} is unknown`, () => {
    assert.deepEqual(readMessage(text), { kind: "unknown", text })
  })
}
