import assert from "node:assert/strict"
import { describe, it, type TestContext } from "node:test"
import { type } from "arktype"
import * as v from "valibot"
import { z } from "zod"
import type { SessionEvents } from "../../src/core/events.ts"
import { SessionManager } from "../../src/core/manager.ts"
import type { Migrate, MismatchPolicies } from "../../src/core/mismatch.ts"
import type { DataSchema } from "../../src/core/schema.ts"
import { unreachable } from "../promises/tapped-store.ts"
import { begin, code, tokenOf, trial } from "../promises/trial.ts"
import { ReferenceStore } from "../testing/reference-store.ts"

interface Data {
  cart: { id: string; count: number }[]
  theme: string
}

const CARTS: Readonly<Record<string, DataSchema<Data>>> = {
  zod: { cart: z.array(z.object({ id: z.string(), count: z.number() })), theme: z.string() },
  valibot: { cart: v.array(v.object({ id: v.string(), count: v.number() })), theme: v.string() },
  arktype: { cart: type({ id: "string", count: "number" }).array(), theme: type("string") },
}
const { zod: schema = {} } = CARTS

/** An older release stored a list of ids. */
const OLD = { cart: ["a", "b"], theme: "dark" }
const NEW = [
  { id: "a", count: 1 },
  { id: "b", count: 1 },
]
const countEach: Migrate = value => (Array.isArray(value) ? value.map(id => ({ id, count: 1 })) : undefined)

/** The older release's session, as the new release opens it under a policy. */
async function opened(t: TestContext, onMismatch: MismatchPolicies<Data>, old: object = OLD, rules = schema) {
  const { clock, store, tapped, manager: make, tappedManager } = await trial(t)
  const token = await begin(make(), { ...old })
  const options = { schema: rules, onMismatch, sweepInterval: false, touchInterval: "1d" } as const
  const manager = new SessionManager<Data>(tapped, { ...options, now: clock.now })
  const events: SessionEvents["mismatch"][] = []
  manager.on("mismatch", event => events.push(event))
  const stored = (key: string) => store.findNow(token.slice(0, 22))?.data.get(key)?.text
  const older = tappedManager()
  return { manager, older, session: await manager.open(token), token, tapped, events, stored }
}

for (const [library, rules] of Object.entries(CARTS)) {
  describe(`a stored value that does not fit a schema of ${library} any more`, () => {
    it("is refused at get, by default and by name, and everything else is read", async t => {
      const { session, events } = await opened(t, "refuse", OLD, rules)
      assert.throws(() => session.get("cart"), code("ERR_SESSION_INVALID_VALUE"))
      assert.deepEqual([session.has("cart"), session.get("theme"), events], [true, "dark", []])
    })

    it("reads as absent when dropped, and the event tells so without the value", async t => {
      const { session, events } = await opened(t, "drop", OLD, rules)
      assert.equal(session.get("cart"), undefined)
      assert.equal(session.get("cart"), undefined)
      assert.deepEqual([session.has("cart"), session.keys()], [false, ["theme"]])
      assert.deepEqual(events, [{ id: session.id, userId: undefined, key: "cart", action: "dropped" }])
    })

    it("is what the migration makes of it, frozen", async t => {
      const { session, events } = await opened(t, countEach, OLD, rules)
      assert.deepEqual(session.get("cart"), NEW)
      assert.equal(session.get("cart"), session.get("cart"))
      assert.ok(Object.isFrozen(session.get("cart")?.[0]))
      assert.deepEqual([session.has("cart"), session.keys()], [true, ["cart", "theme"]])
      assert.deepEqual(events, [{ id: session.id, userId: undefined, key: "cart", action: "migrated" }])
    })
  })
}

describe("a dropped value", () => {
  it("is told by has() and keys() before any get()", async t => {
    const { session } = await opened(t, "drop")
    assert.equal(session.has("cart"), false)
    assert.equal(session.delete("cart"), false)
    assert.deepEqual((await opened(t, "drop")).session.keys(), ["theme"])
  })

  it("is not written by reading it (G7), and is removed by the next write", async t => {
    const { session, tapped, stored } = await opened(t, "drop")
    tapped.applies.length = 0
    assert.equal(session.get("cart"), undefined)
    await session.save()
    assert.equal(tapped.applies.length, 0)
    assert.equal(stored("cart"), '["a","b"]')
    await session.set("theme", "light").save()
    assert.deepEqual([stored("cart"), stored("theme")], [undefined, '"light"'])
    assert.equal(tapped.changes.length, 1)
  })

  it("is not removed over what a concurrent request has set anew (G1)", async t => {
    const { manager, session, token, stored } = await opened(t, "drop")
    assert.equal(session.get("cart"), undefined)
    const other = await manager.open(token)
    await other.set("cart", NEW).save()
    await session.set("theme", "light").save()
    assert.deepEqual([stored("cart"), stored("theme")], [JSON.stringify(NEW), '"light"'])
    assert.deepEqual((await manager.open(token)).get("cart"), NEW)
  })

  it("is not removed over it either when this request has fallen behind and its next write failed (G1)", async t => {
    const { manager, session, tapped, token, stored } = await opened(t, "drop")
    assert.equal(session.get("cart"), undefined)
    await (await manager.open(token)).set("cart", NEW).save()
    await session.set("theme", "light").save()
    tapped.beforeApply = unreachable
    await assert.rejects(session.set("theme", "blue").save())
    tapped.beforeApply = () => undefined
    assert.equal(session.get("cart"), undefined)
    await session.save()
    assert.deepEqual([stored("cart"), stored("theme")], [JSON.stringify(NEW), '"blue"'])
  })

  it("can be set anew, and is then read and stored", async t => {
    const { manager, session, tapped, token } = await opened(t, "drop")
    assert.equal(session.has("cart"), false)
    session.set("cart", NEW)
    assert.deepEqual(session.get("cart"), NEW)
    await session.save()
    assert.deepEqual([session.get("cart"), session.has("cart")], [NEW, true])
    const change = tapped.changes.at(-1)
    assert.deepEqual(change?.kind === "patch" && change.unset, [])
    assert.deepEqual((await manager.open(token)).get("cart"), NEW)
  })

  it("is undefined to update() and take(), and take() removes it", async t => {
    const { session, stored } = await opened(t, "drop")
    assert.deepEqual(await session.update("cart", (cart = []) => [...cart, { id: "c", count: 1 }]), [
      { id: "c", count: 1 },
    ])
    assert.equal(stored("cart"), '[{"id":"c","count":1}]')
    const taken = await opened(t, "drop")
    assert.equal(taken.session.get("cart"), undefined)
    assert.equal(await taken.session.take("cart"), undefined)
    assert.equal(taken.stored("cart"), undefined)
    assert.equal(taken.events.length, 1)
  })

  it("does not hold up a login, which keeps the rest", async t => {
    const { manager, session } = await opened(t, "drop")
    assert.equal(session.get("cart"), undefined)
    await session.login("anna")
    const later = await manager.open(tokenOf(session))
    assert.deepEqual([later.userId, later.get("theme"), later.get("cart")], ["anna", "dark", undefined])
  })

  it("leaves flash messages alone", async t => {
    const { session, older, token } = await opened(t, "drop")
    const before = await older.open(token)
    before.flash("saved")
    await before.save()
    await session.set("theme", "light").save()
    const later = await older.open(token)
    assert.deepEqual(later.flashes(), [{ message: "saved", kind: "info" }])
  })
})

describe("a migration", () => {
  it("is not written by reading; update() and set() store its result", async t => {
    const { session, tapped, stored } = await opened(t, countEach)
    tapped.applies.length = 0
    assert.deepEqual(session.get("cart"), NEW)
    await session.set("theme", "light").save()
    assert.equal(stored("cart"), '["a","b"]')
    await session.update("cart", cart => cart?.slice(1))
    assert.equal(stored("cart"), '[{"id":"b","count":1}]')
  })

  it("gives take() its result", async t => {
    const { session, stored } = await opened(t, countEach)
    assert.deepEqual(await session.take("cart"), NEW)
    assert.equal(stored("cart"), undefined)
  })

  it("that gives undefined takes the value for absent", async t => {
    const { session, events } = await opened(t, countEach, { cart: "rubbish", theme: "dark" })
    assert.deepEqual([session.get("cart"), session.has("cart")], [undefined, false])
    assert.equal(events[0]?.action, "dropped")
  })

  it("whose result does not fit, or that throws, is refused, and tells no event", async t => {
    const failing = () => assert.fail("too old")
    for (const onMismatch of [() => [{ id: 7 }], failing] satisfies Migrate[]) {
      const { session, events } = await opened(t, { cart: onMismatch })
      assert.throws(() => session.get("cart"), code("ERR_SESSION_INVALID_VALUE"))
      assert.deepEqual([session.has("cart"), events], [true, []])
      session.delete("cart")
      assert.equal(session.has("cart"), false)
    }
  })
})

describe("the option onMismatch", () => {
  it("holds per key: what is not named is refused", async t => {
    const { session } = await opened(t, { cart: "drop" }, { cart: "rubbish", theme: 7 })
    assert.equal(session.get("cart"), undefined)
    assert.throws(() => session.get("theme"), code("ERR_SESSION_INVALID_VALUE"))
  })

  it("does not soften what is written: it has to fit at the call", async t => {
    const { session } = await opened(t, "drop")
    assert.throws(() => session.set("theme", JSON.parse("7")), code("ERR_SESSION_INVALID_VALUE"))
    assert.equal(session.get("theme"), "dark")
  })

  it("that is no policy, or names a key without a schema, is ERR_SESSION_CONFIG", () => {
    const made = (onMismatch: unknown) => () =>
      new SessionManager(new ReferenceStore(Date.now), {
        schema: { cart: z.string() },
        sweepInterval: false,
        ...JSON.parse(JSON.stringify({ onMismatch })),
      })
    for (const wrong of ["ignore", 7, null, { cart: "ignore" }, { card: "drop" }])
      assert.throws(made(wrong), code("ERR_SESSION_CONFIG"))
    assert.doesNotThrow(made({ cart: "drop" }))
  })
})
