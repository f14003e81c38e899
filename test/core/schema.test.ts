import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { type } from "arktype"
import * as v from "valibot"
import { z } from "zod"
import { SessionManager } from "../../src/core/manager.ts"
import { type DataSchema, validate } from "../../src/core/schema.ts"
import { begin, code, tokenOf, trial } from "../promises/trial.ts"
import { ReferenceStore } from "../testing/reference-store.ts"

interface Data {
  cart: { id: string; count: number }[]
}

const libraries: Readonly<Record<string, DataSchema<Data>>> = {
  zod: { cart: z.array(z.object({ id: z.string(), count: z.number().int() })) },
  valibot: { cart: v.array(v.object({ id: v.string(), count: v.pipe(v.number(), v.integer()) })) },
  arktype: { cart: type({ id: "string", count: "number.integer" }).array() },
}

const managerOf = (schema: DataSchema<Data>): SessionManager<Data> =>
  new SessionManager<Data>(new ReferenceStore(Date.now), { schema, sweepInterval: false })

for (const [library, schema] of Object.entries(libraries)) {
  describe(`a schema of ${library}`, () => {
    it("lets through what fits, with its type", async () => {
      const session = await managerOf(schema).open(undefined)
      session.set("cart", [{ id: "a", count: 1 }])
      const count: number | undefined = session.get("cart")?.[0]?.count
      assert.equal(count, 1)
    })

    it("refuses what does not fit at the call, with the path to it, and changes nothing", async () => {
      const session = await managerOf(schema).open(undefined)
      session.set("cart", [{ id: "a", count: 1 }])
      const wrong = [{ id: "a", count: 1.5 }]
      assert.throws(() => session.set("cart", wrong), {
        code: "ERR_SESSION_INVALID_VALUE",
        message: /cart\.0\.count/,
      })
      await session.save()
      await assert.rejects(
        session.update("cart", () => wrong),
        code("ERR_SESSION_INVALID_VALUE"),
      )
      assert.deepEqual(session.get("cart"), [{ id: "a", count: 1 }])
    })

    it("judges what was stored before it was there, and lets it be removed", async t => {
      const { store, manager: make } = await trial(t)
      const token = await begin(make(), { cart: "written by an older release" })
      const manager = new SessionManager<Data>(store, { schema, sweepInterval: false, now: () => 0 })
      const session = await manager.open(token)
      assert.throws(() => session.get("cart"), code("ERR_SESSION_INVALID_VALUE"))
      assert.equal(session.has("cart"), true)
      session.delete("cart")
      assert.equal(session.get("cart"), undefined)
    })
  })
}

describe("a schema", () => {
  it("stores what it makes of the value: defaults and stripped fields", async t => {
    const schema = { name: z.object({ first: z.string().trim(), last: z.string().default("?") }) }
    const manager = (await trial(t)).manager({ schema: schema as DataSchema<Record<string, unknown>> })
    const session = await manager.open(undefined)
    await session.set("name", { first: " Anna ", extra: 1 }).save()
    assert.deepEqual((await manager.open(tokenOf(session))).get("name"), { first: "Anna", last: "?" })
  })

  it("that is asynchronous is refused with ERR_SESSION_CONFIG, even when it rejects", async () => {
    for (const result of [() => Promise.resolve({ value: 1 }), () => Promise.reject(new Error("late"))]) {
      const schema = { "~standard": { version: 1, vendor: "test", validate: result } } as const
      assert.throws(() => validate(schema, "key", 1), code("ERR_SESSION_CONFIG"))
    }
    await new Promise(resolve => setImmediate(resolve))
  })

  it("reports paths made of keys and of segments", () => {
    const issues = [{ message: "wrong", path: ["a", { key: 0 }, Symbol.iterator] }, { message: "bad" }]
    const schema = { "~standard": { version: 1, vendor: "test", validate: () => ({ issues }) } } as const
    assert.throws(() => validate(schema, "key", 1), {
      message: /key\.a\.0\.Symbol\(Symbol\.iterator\): wrong; key: bad/,
    })
  })
})
