import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { stores } from "../promises/stores.ts"
import { begin, code, tokenOf, trial } from "../promises/trial.ts"

const ODD_KEYS = [
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  " ",
  "a.b",
  "日本語",
  "🦊",
  "'; --",
]

for (const kind of stores) {
  it(`keys such as __proto__ and constructor are only data, on ${kind.name}`, async t => {
    const manager = (await trial(t, kind)).manager()
    const session = await manager.open(undefined)
    for (const key of ODD_KEYS) assert.equal(session.get(key), undefined)
    for (const key of ODD_KEYS) session.set(key, { key })
    await session.save()
    const later = await manager.open(tokenOf(session))
    assert.deepEqual(later.keys().sort(), [...ODD_KEYS].sort())
    for (const key of ODD_KEYS) assert.deepEqual(later.get(key), { key })
    later.delete("__proto__")
    await later.save()
    assert.equal((await manager.open(tokenOf(session))).has("__proto__"), false)
  })
}

describe("a value", () => {
  it("is frozen to its depths, as set by this request and as stored", async t => {
    const manager = (await trial(t)).manager()
    const session = await manager.open(undefined)
    session.set("cart", { items: [{ count: 1 }] })
    const check = (value: unknown): void => {
      const cart = value as { items: { count: number }[] }
      assert.throws(() => cart.items.push({ count: 2 }), TypeError)
      assert.throws(() => Object.assign(cart.items[0] ?? {}, { count: 2 }), TypeError)
      assert.throws(() => Object.assign(cart, { extra: 1 }), TypeError)
    }
    check(session.get("cart"))
    await session.save()
    check((await manager.open(tokenOf(session))).get("cart"))
    check(await session.update("cart", cart => cart))
  })

  it("is taken as it was when it was set: changing the object afterwards changes nothing", async t => {
    const manager = (await trial(t)).manager()
    const session = await manager.open(undefined)
    const cart = { items: ["a"] }
    session.set("cart", cart)
    cart.items.push("b")
    assert.deepEqual(session.get("cart"), { items: ["a"] })
    assert.equal(Object.isFrozen(cart), false, "the application's own object is left alone")
    await session.save()
    assert.deepEqual((await manager.open(tokenOf(session))).get("cart"), { items: ["a"] })
  })

  it("may be null, false, 0 or an empty text, which are values like others", async t => {
    const manager = (await trial(t)).manager()
    const session = await manager.open(undefined)
    const falsy = { nothing: null, no: false, zero: 0, empty: "" }
    for (const [key, value] of Object.entries(falsy)) session.set(key, value)
    await session.save()
    const later = await manager.open(tokenOf(session))
    for (const [key, value] of Object.entries(falsy)) {
      assert.deepEqual([later.has(key), later.get(key)], [true, value])
    }
    assert.equal(await later.update("nothing", value => (value === null ? 1 : 2)), 1)
  })

  it("is decoded once, and read again from memory", async t => {
    const session = await (await trial(t)).manager().open(undefined)
    session.set("cart", { a: 1 })
    assert.equal(session.get("cart"), session.get("cart"))
  })
})

describe("a key", () => {
  for (const wrong of ["", "~", "~flash.1", "k".repeat(129)]) {
    it(`is not ${JSON.stringify(wrong.slice(0, 9))} of ${wrong.length} characters`, async t => {
      const session = await (await trial(t)).manager().open(undefined)
      assert.throws(() => session.set(wrong, 1), code("ERR_SESSION_INVALID_KEY"))
      await assert.rejects(
        session.update(wrong, () => 1),
        code("ERR_SESSION_INVALID_KEY"),
      )
    })
  }

  it("is a text", async t => {
    const session = await (await trial(t)).manager().open(undefined)
    for (const wrong of [1, undefined, null, {}]) {
      assert.throws(() => session.set(wrong as unknown as string, 1), code("ERR_SESSION_INVALID_KEY"))
      assert.throws(() => session.delete(wrong as unknown as string), code("ERR_SESSION_INVALID_KEY"))
    }
  })
})

describe("delete() and clear()", () => {
  it("tell whether the key was there, and hold when stored", async t => {
    const manager = (await trial(t)).manager()
    const token = await begin(manager, { a: 1, b: 1, c: 1 })
    const session = await manager.open(token)
    assert.deepEqual(
      [session.delete("a"), session.delete("a"), session.delete("missing")],
      [true, false, false],
    )
    session.set("d", 1).clear()
    session.set("e", 1)
    await session.save()
    assert.deepEqual((await manager.open(token)).keys(), ["e"])
  })

  it("of a key set again keep the last one", async t => {
    const manager = (await trial(t)).manager()
    const token = await begin(manager, { a: 1 })
    const session = await manager.open(token)
    session.delete("a")
    session.set("a", 2).delete("a")
    session.set("a", 3)
    await session.save()
    assert.deepEqual((await manager.open(token)).get("a"), 3)
  })
})
