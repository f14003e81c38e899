import assert from "node:assert/strict"
import { describe, it } from "node:test"
import fc from "fast-check"
import type { StoredValue } from "../../../src/contract/index.ts"
import { begin, code, type Trial, tokenOf, trial } from "../../promises/trial.ts"
import { plant, recordOf, wrapNameOf } from "./attacker.ts"

const ON = { encryptAtRest: true } as const
const UNREADABLE = code("ERR_SESSION_UNREADABLE_VALUE")

/** The value as the store has it. */
function stored({ store }: Trial, token: string, name: string): StoredValue {
  const value = recordOf(store, token).data.get(name)
  assert.ok(value)
  return value
}

const idOf = (token: string): string => token.slice(0, 22)

describe("a value that was changed in the store", () => {
  it("is ERR_SESSION_UNREADABLE_VALUE when it was swapped with that of another key; the others stay good", async t => {
    const place = await trial(t)
    const manager = place.manager(ON)
    const token = await begin(manager, { role: "guest", nickname: "admin", theme: "dark" })
    const [role, nickname] = [stored(place, token, "role"), stored(place, token, "nickname")]
    await plant(place.store, idOf(token), "role", nickname)
    await plant(place.store, idOf(token), "nickname", role)
    const session = await manager.open(token)
    assert.throws(() => session.get("role"), UNREADABLE)
    assert.throws(() => session.get("nickname"), UNREADABLE)
    assert.equal(session.get("theme"), "dark")
  })

  it("is unreadable when it comes from another session, even under the same key", async t => {
    const place = await trial(t)
    const manager = place.manager(ON)
    const [mine, other] = [await begin(manager, { a: 1 }), await begin(manager, { a: 2 })]
    await plant(place.store, idOf(mine), "a", stored(place, other, "a"))
    const session = await manager.open(mine)
    assert.throws(() => session.get("a"), UNREADABLE)
  })

  it("stays unreadable when the other session's wrapped keys come with it", async t => {
    const place = await trial(t)
    const manager = place.manager(ON)
    const [mine, other] = [await begin(manager, { a: 1 }), await begin(manager, { a: 2 })]
    await plant(place.store, idOf(mine), "a", stored(place, other, "a"))
    await plant(place.store, idOf(mine), wrapNameOf(mine), stored(place, other, wrapNameOf(other)))
    const session = await manager.open(mine)
    assert.throws(() => session.get("a"), UNREADABLE)
  })

  it("is unreadable when it is plain text, as the codec would have it", async t => {
    const place = await trial(t)
    const manager = place.manager(ON)
    const token = await begin(manager, { role: "guest" })
    await plant(place.store, idOf(token), "role", { text: '"admin"' })
    const session = await manager.open(token)
    assert.throws(() => session.get("role"), UNREADABLE)
  })

  it("is unreadable when its own end was moved or removed", async t => {
    const place = await trial(t)
    const manager = place.manager(ON)
    const session = await manager.open(undefined)
    await session.set("code", 4711, { expiresIn: "1m" }).set("a", 1).save()
    const token = tokenOf(session)
    const { text, expiresAt = 0 } = stored(place, token, "code")
    for (const changed of [{ text }, { text, expiresAt: expiresAt + 1 }]) {
      await plant(place.store, idOf(token), "code", changed)
      const again = await manager.open(token)
      assert.throws(() => again.get("code"), UNREADABLE)
    }
    await plant(place.store, idOf(token), "a", { ...stored(place, token, "a"), expiresAt })
    const limited = await manager.open(token)
    assert.throws(() => limited.get("a"), UNREADABLE)
    await plant(place.store, idOf(token), "code", { text, expiresAt })
    assert.equal((await manager.open(token)).get("code"), 4711)
  })
})

/** Any change of a text that is `key number.length.base64url`. */
const damage = fc.oneof(
  fc.record({ kind: fc.constant("flip" as const), at: fc.nat(), bit: fc.nat(7) }),
  fc.record({ kind: fc.constant("truncate" as const), at: fc.nat() }),
  fc.record({ kind: fc.constant("append" as const), tail: fc.stringMatching(/^[A-Za-z0-9_-]{4,8}$/) }),
  fc.record({ kind: fc.constant("header" as const), key: fc.nat(40), length: fc.nat(40) }),
  fc.record({ kind: fc.constant("replace" as const), text: fc.string() }),
)

function damaged(text: string, how: typeof damage extends fc.Arbitrary<infer Each> ? Each : never): string {
  const [key = "", length = "", body = ""] = text.split(".")
  switch (how.kind) {
    case "flip": {
      const bytes = Buffer.from(body, "base64url")
      const at = how.at % bytes.length
      bytes[at] = (bytes[at] ?? 0) ^ (1 << how.bit)
      return `${key}.${length}.${bytes.toString("base64url")}`
    }
    case "truncate":
      return text.slice(0, how.at % (text.length - 1))
    case "append":
      return text + how.tail
    case "header": {
      const header = `${how.key.toString(36)}.${how.length.toString(36)}.`
      return (header === `${key}.${length}.` ? "2.0." : header) + body
    }
    case "replace":
      return how.text
  }
}

describe("a value that was damaged in the store", () => {
  it("is ERR_SESSION_UNREADABLE_VALUE when read, whatever the damage; everything else works, and delete removes it", async t => {
    const place = await trial(t)
    const manager = place.manager(ON)
    const property = fc.asyncProperty(damage, fc.string(), async (how, text) => {
      const token = await begin(manager, { bad: text, good: 1 })
      const { text: sealed } = stored(place, token, "bad")
      await plant(place.store, idOf(token), "bad", { text: damaged(sealed, how) })
      const session = await manager.open(token)
      assert.throws(() => session.get("bad"), UNREADABLE)
      await assert.rejects(() => session.update("bad", () => "new"), UNREADABLE)
      assert.deepEqual([session.get("good"), session.has("bad"), session.flashes()], [1, true, []])
      assert.deepEqual(session.keys().sort(), ["bad", "good"])
      await session.set("more", 2).save()
      assert.equal(await session.update("good", () => 2), 2)
      await session.rotate()
      assert.throws(() => session.get("bad"), UNREADABLE)
      session.delete("bad")
      await session.save()
      assert.deepEqual((await manager.open(tokenOf(session))).keys().sort(), ["good", "more"])
      await session.logout()
    })
    await fc.assert(property, { numRuns: 200 })
  })

  it("is carried along unread when a login finds that another one came first", async t => {
    const place = await trial(t)
    const manager = place.manager(ON)
    const token = await begin(manager, { bad: 1, good: 1 })
    await plant(place.store, idOf(token), "bad", { text: "1.1.AAAA" })
    const [late, early] = [await manager.open(token), await manager.open(token)]
    await early.login("anna")
    await late.login("bob")
    const session = await manager.open(tokenOf(late))
    assert.equal(session.get("good"), 1)
    assert.throws(() => session.get("bad"), UNREADABLE)
  })
})

describe("wrapped keys that were damaged in the store", () => {
  it("make values unreadable and refuse writes, with nothing lost or stored; logging in again heals the session", async t => {
    const place = await trial(t)
    const manager = place.manager(ON)
    const token = await begin(manager, { a: 1 })
    await plant(place.store, idOf(token), wrapNameOf(token), { text: "AAAA" })
    const session = await manager.open(token)
    assert.throws(() => session.get("a"), UNREADABLE)
    session.set("b", 2)
    await assert.rejects(() => session.save(), UNREADABLE)
    assert.equal(recordOf(place.store, token).data.has("b"), false)
    await session.login("anna")
    const again = await manager.open(tokenOf(session))
    assert.equal(again.get("b"), 2, "what was to be stored was kept")
    assert.throws(() => again.get("a"), UNREADABLE)
    again.delete("a")
    await again.save()
    assert.deepEqual((await manager.open(tokenOf(session))).keys(), ["b"])
  })

  it("keep what was to be stored when a rotation is due, too", async t => {
    const place = await trial(t)
    const manager = place.manager({ ...ON, rotateEvery: "10m" })
    const token = await begin(manager, { a: 1 })
    await plant(place.store, idOf(token), wrapNameOf(token), { text: "AAAA" })
    place.clock.advance(600_000)
    const session = await manager.open(token)
    session.set("b", 2)
    await assert.rejects(() => session.save(), UNREADABLE)
    await session.login("anna")
    assert.equal((await manager.open(tokenOf(session))).get("b"), 2)
  })

  it("can be ended", async t => {
    const place = await trial(t)
    const manager = place.manager(ON)
    const token = await begin(manager, { a: 1 })
    await plant(place.store, idOf(token), wrapNameOf(token), { text: "" })
    const session = await manager.open(token)
    await session.logout()
    assert.equal(place.store.findNow(idOf(token)), undefined)
  })

  it("open nothing when they are missing: the token is refused as unencrypted", async t => {
    const place = await trial(t)
    const manager = place.manager(ON)
    const token = await begin(manager, { a: 1 })
    await plant(place.store, idOf(token), wrapNameOf(token), undefined)
    const told: unknown[] = []
    manager.on("refused", event => told.push(event))
    assert.equal((await manager.open(token)).isStored, false)
    assert.deepEqual(told, [{ reason: "unencrypted", id: idOf(token) }])
  })
})
