import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { isDeepStrictEqual } from "node:util"
import fc from "fast-check"
import { type Codec, jsonCodec } from "../../src/core/codec.ts"
import { begin, code, tokenOf, trial } from "../promises/trial.ts"

class Cart {
  items = 1
}

const cycle: { self?: unknown } = {}
cycle.self = { again: [cycle] }

const tooDeep = (): unknown => {
  let value: unknown = 1
  for (let depth = 0; depth < 100_000; depth++) value = [value]
  return value
}

/** What JSON would drop, change or choke on, and where the message says it is. */
const refused: readonly (readonly [name: string, value: unknown, where: RegExp])[] = [
  ["undefined", undefined, /value is undefined/],
  ["a nested undefined", { a: { b: undefined } }, /value\.a\.b is undefined/],
  ["undefined in an array", [1, undefined], /value\[1\] is undefined/],
  ["a sparse array", new Array(2).fill(1, 1), /value\[0\] is undefined/],
  ["an array with named properties", Object.assign([1], { extra: 1 }), /value is an array with named/],
  ["the result of a match", "ab".match(/b/), /value is an array with named/],
  ["NaN", Number.NaN, /value is NaN/],
  ["Infinity", { n: [Number.NEGATIVE_INFINITY] }, /value\.n\[0\] is -Infinity/],
  ["a bigint", { big: 1n }, /value\.big is a bigint/],
  ["a symbol", Symbol("s"), /value is a symbol/],
  ["a function", { go: () => 1 }, /value\.go is a function/],
  ["a Date", { at: new Date(0) }, /value\.at is a Date/],
  ["a Map", new Map(), /value is a Map/],
  ["a Set", [new Set()], /value\[0\] is a Set/],
  ["a RegExp", /x/, /value is a RegExp/],
  ["an Error", new Error("x"), /value is a Error/],
  ["bytes", Buffer.from("x"), /value is a Buffer/],
  ["a promise", Promise.resolve(), /value is a Promise/],
  ["a class instance", { cart: new Cart() }, /value\.cart is a Cart/],
  ["a boxed number", Object(1), /value is a Number/],
  ["an object with symbol keys", { [Symbol("s")]: 1 }, /value is an object with symbol keys/],
  ["an object with toJSON", { toJSON: () => 1 }, /value\.toJSON is a function/],
  ["a cycle", cycle, /value\.self\.again\[0\] is a cycle/],
]

describe("the JSON codec", () => {
  for (const [name, value, where] of refused) {
    it(`refuses ${name}, and says where`, async t => {
      const session = await (await trial(t)).manager().open(undefined)
      assert.throws(() => session.set("key", value), { code: "ERR_SESSION_NOT_SERIALIZABLE", message: where })
      assert.equal(session.has("key"), false)
    })
  }

  it("refuses what is nested too deeply", async t => {
    const session = await (await trial(t)).manager().open(undefined)
    assert.throws(() => session.set("key", tooDeep()), code("ERR_SESSION_NOT_SERIALIZABLE"))
  })

  it("takes an object twice that is no cycle", () => {
    const shared = { a: 1 }
    assert.equal(jsonCodec.encode([shared, shared]), '[{"a":1},{"a":1}]')
  })

  it("carries every value that JSON has: what is decoded equals what was encoded", () => {
    fc.assert(
      fc.property(fc.jsonValue(), value => {
        const decoded = jsonCodec.decode(jsonCodec.encode(value))
        assert.equal(isDeepStrictEqual(withoutNegativeZero(decoded), withoutNegativeZero(value)), true)
      }),
    )
  })

  it("takes keys such as __proto__ within a value for mere data", () => {
    const value: unknown = JSON.parse('{"__proto__":{"admin":true},"constructor":1}')
    const decoded = jsonCodec.decode(jsonCodec.encode(value)) as object
    assert.deepEqual(Object.keys(decoded), ["__proto__", "constructor"])
    assert.equal(Object.getPrototypeOf(decoded), Object.prototype)
  })
})

/** JSON has no -0: it becomes 0, which is equal to it. */
function withoutNegativeZero(value: unknown): unknown {
  if (typeof value === "number") return value + 0
  if (Array.isArray(value)) return value.map(withoutNegativeZero)
  if (typeof value !== "object" || value === null) return value
  return new Map(Object.entries(value).map(([key, each]) => [key, withoutNegativeZero(each)]))
}

/** As devalue does: more types, whose values freezing does not protect. */
const rich: Codec = {
  encode: value => JSON.stringify(value, (_, each) => (each instanceof Map ? { entries: [...each] } : each)),
  decode: text =>
    JSON.parse(text, (_, each) => (Array.isArray(each?.entries) ? new Map(each.entries) : each)),
}

describe("another codec", () => {
  it("carries what it can, and a value that cannot be frozen is never shared", async t => {
    const manager = (await trial(t)).manager({ codec: rich })
    const session = await manager.open(undefined)
    await session
      .set("map", new Map([["a", 1]]))
      .set("nested", { map: new Map() })
      .save()
    const later = await manager.open(tokenOf(session))
    const map = later.get("map") as Map<string, number>
    map.set("a", 2)
    assert.deepEqual(later.get("map"), new Map([["a", 1]]))
    assert.notEqual(later.get("nested"), later.get("nested"))
    assert.deepEqual((await manager.open(tokenOf(session))).get("map"), new Map([["a", 1]]))
  })

  it("whose encode fails refuses the value with ERR_SESSION_NOT_SERIALIZABLE and the cause", async t => {
    const failing: Codec = { ...rich, encode: () => assert.fail("cannot encode") }
    const session = await (await trial(t)).manager({ codec: failing }).open(undefined)
    assert.throws(
      () => session.set("key", 1),
      (error: Error & { code: string }) => {
        assert.equal(error.code, "ERR_SESSION_NOT_SERIALIZABLE")
        assert.match(String(error.cause), /cannot encode/)
        return true
      },
    )
  })

  it("than the one that wrote a value finds it unreadable, and it can still be removed", async t => {
    const { manager: make } = await trial(t)
    const token = await begin(make({ codec: { encode: () => "{", decode: text => text } }), { a: 1 })
    const session = await make().open(token)
    assert.throws(() => session.get("a"), code("ERR_SESSION_UNREADABLE_VALUE"))
    assert.deepEqual([session.has("a"), session.keys()], [true, ["a"]])
    session.delete("a")
    await session.save()
    assert.equal((await make().open(token)).get("a"), undefined)
  })
})
