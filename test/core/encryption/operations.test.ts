import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { setTimeout as later } from "node:timers/promises"
import fc from "fast-check"
import { z } from "zod"
import { SealedSessions } from "../../../src/http/sealing/sealed-sessions.ts"
import { begin, code, logIn, opens, storedValue, times, tokenOf, trial } from "../../promises/trial.ts"
import { recordOf, valuesOf, wrapsOf } from "./attacker.ts"

const ON = { encryptAtRest: true } as const

describe("a session with encrypted data", () => {
  it("gives back any value, and stores none of it as it is", async t => {
    const { manager: make, store } = await trial(t)
    const manager = make(ON)
    const anything = fc.asyncProperty(
      fc.jsonValue(),
      fc.string({ unit: "grapheme", minLength: 1 }),
      async (value, text) => {
        const token = await begin(manager, { value, text })
        const session = await manager.open(token)
        assert.deepEqual(
          [session.get("value"), session.get("text")],
          [JSON.parse(JSON.stringify(value)), text],
        )
        for (const [, { text: sealed }] of valuesOf(recordOf(store, token)))
          assert.throws(() => JSON.parse(sealed))
        await session.logout()
      },
    )
    await fc.assert(anything, { numRuns: 100 })
  })

  it("gives each writing a text of its own, even of the same value under the same key", async t => {
    const { manager: make, store } = await trial(t)
    const manager = make(ON)
    const session = await manager.open(undefined)
    const texts = new Set<string | undefined>()
    for (const _ of times(20, () => 0)) {
      await session.set("a", 1).save()
      texts.add(store.findNow(session.id)?.data.get("a")?.text)
    }
    assert.equal(texts.size, 20)
  })

  it("shows its wrapped keys nowhere", async t => {
    const { manager: make, store } = await trial(t)
    const manager = make(ON)
    const told: unknown[] = []
    manager.on("created", event => told.push(event))
    const token = await logIn(manager, "anna", { a: 1 })
    const session = await manager.open(token)
    const [wrap = ""] = wrapsOf(recordOf(store, token))
    assert.deepEqual(
      [session.keys(), session.flashes(), session.has(wrap), session.get(wrap)],
      [["a"], [], false, undefined],
    )
    session.clear()
    await session.save()
    assert.deepEqual(wrapsOf(recordOf(store, token)), [wrap], "clear leaves them")
    assert.equal(
      JSON.stringify([told, await manager.find(session.id), await manager.list("anna")]).includes("~key"),
      false,
    )
  })

  it("refuses names that begin as the library's own do", async t => {
    const session = await (await trial(t)).manager(ON).open(undefined)
    assert.throws(() => session.set("~key.AAAAAAAAAAAAAAAA", 1), code("ERR_SESSION_INVALID_KEY"))
    assert.throws(() => session.delete("~key.AAAAAAAAAAAAAAAA"), code("ERR_SESSION_INVALID_KEY"))
  })

  it("counts limits by the values, without decrypting them, as if they were not encrypted", async t => {
    const { manager: make } = await trial(t)
    const limits = { maxKeys: 2, maxValueLength: 12, maxSessionLength: 20 }
    for (const encryptAtRest of [false, true]) {
      const manager = make({ encryptAtRest, limits })
      const token = await begin(manager, { a: "äöüßäöüßäö" })
      const session = await manager.open(token)
      assert.throws(() => session.set("b", "12345"), code("ERR_SESSION_TOO_LARGE"))
      assert.throws(() => session.set("b", "12345678901"), code("ERR_SESSION_VALUE_TOO_LARGE"))
      await session.set("b", "1234").save()
      assert.throws(() => session.set("c", 1), code("ERR_SESSION_TOO_MANY_KEYS"))
      assert.equal((await manager.open(token)).get("a"), "äöüßäöüßäö")
    }
  })

  it("ends each key at its own time", async t => {
    const { clock, manager: make } = await trial(t)
    const manager = make(ON)
    const session = await manager.open(undefined)
    await session.set("code", 4711, { expiresIn: "1m" }).set("a", 1).save()
    const again = await manager.open(tokenOf(session))
    assert.equal(await again.update("code", value => Number(value) + 1), 4712)
    clock.advance(59_999)
    assert.equal(await storedValue(manager, tokenOf(session), "code"), 4712)
    clock.advance(1)
    assert.deepEqual((await manager.open(tokenOf(session))).keys(), ["a"])
  })

  it("G1: of concurrent updates on several nodes none is lost, and exactly one taker gets a value", async t => {
    const { manager: make, tappedManager } = await trial(t)
    const nodes = [make(ON), tappedManager(ON), make(ON)]
    const token = await begin(make(ON), { count: 0, once: "ticket" })
    await Promise.all(
      times(30, async index => {
        const session = await nodes[index % nodes.length]?.open(token)
        await later(index % 5)
        await session?.update("count", count => Number(count) + 1)
      }),
    )
    const taken = await Promise.all(
      times(9, async index => (await nodes[index % nodes.length]?.open(token))?.take("once")),
    )
    assert.equal(await storedValue(make(ON), token, "count"), 30)
    assert.deepEqual(
      taken.filter(value => value !== undefined),
      ["ticket"],
    )
  })

  it("keeps flash messages, in order, until they are read", async t => {
    const { manager: make, store } = await trial(t)
    const manager = make(ON)
    const session = await manager.open(undefined)
    session.flash("saved", "success")
    session.flash("and sent")
    await session.save()
    const texts = valuesOf(recordOf(store, tokenOf(session))).map(([, { text }]) => text)
    assert.equal(texts.join().includes("saved"), false)
    const again = await manager.open(tokenOf(session))
    assert.deepEqual(again.flashes(), [
      { message: "saved", kind: "success" },
      { message: "and sent", kind: "info" },
    ])
    await again.save()
    assert.deepEqual((await manager.open(tokenOf(session))).flashes(), [])
  })

  it("validates what it has decrypted against the schema", async t => {
    const { manager: make } = await trial(t)
    const token = await begin(make(ON), { age: "forty" })
    const session = await make({ ...ON, schema: { age: z.number() } }).open(token)
    assert.throws(() => session.get("age"), code("ERR_SESSION_INVALID_VALUE"))
  })

  it("decrypts with any codec", async t => {
    const { manager: make } = await trial(t)
    const codec = { encode: (value: unknown) => String(value), decode: (text: string) => new Date(text) }
    const manager = make({ ...ON, codec })
    const token = await begin(manager, { at: "2026-11-21T08:00:00Z" })
    const session = await manager.open(token)
    assert.deepEqual(
      [session.get("at"), session.get("at")],
      [new Date("2026-11-21T08:00:00Z"), new Date("2026-11-21T08:00:00Z")],
    )
  })

  it("gives a failed change back, so that it can be stored again", async t => {
    const { manager: make, tapped, tappedManager } = await trial(t)
    const token = await begin(make(ON), { a: 1, b: 1 })
    const session = await tappedManager(ON).open(token)
    tapped.beforeApply = () => Promise.reject(new Error("disk full"))
    session.set("a", 2).delete("b")
    await assert.rejects(() => session.save(), code("ERR_SESSION_STORE_UNAVAILABLE"))
    assert.deepEqual([session.get("a"), session.has("b")], [2, false])
    tapped.beforeApply = () => undefined
    await session.save()
    const again = await make(ON).open(token)
    assert.deepEqual([again.get("a"), again.keys()], [2, ["a"]])
  })
})

describe("encryptAtRest", () => {
  it("refuses a session that was stored without it, and tells so; the next login begins one", async t => {
    const { manager: make } = await trial(t)
    const token = await logIn(make(), "anna", { a: 1 })
    const manager = make(ON)
    const told: unknown[] = []
    manager.on("refused", event => told.push(event))
    const session = await manager.open(token)
    assert.equal(session.isStored, false)
    assert.deepEqual(told, [{ reason: "unencrypted", id: token.slice(0, 22) }])
    await session.login("anna")
    assert.equal(await opens(manager, tokenOf(session)), true)
  })

  it("leaves values unreadable when it is switched off, rather than hand out ciphertext", async t => {
    const { manager: make } = await trial(t)
    const session = await make().open(await begin(make(ON), { a: 1 }))
    assert.throws(() => session.get("a"), code("ERR_SESSION_UNREADABLE_VALUE"))
    assert.deepEqual(session.keys(), ["a"])
  })

  it("is refused for sealed sessions, which are nowhere but with their client", () => {
    const options = { keys: [Buffer.from(times(32, index => index)).toString("base64url")], ...ON }
    assert.throws(() => new SealedSessions(options), {
      code: "ERR_SESSION_CONFIG",
      message: /encryptAtRest has no meaning for sealed sessions/,
    })
  })

  it("is true or false", async t => {
    const { manager } = await trial(t)
    const wrong: object = { encryptAtRest: "yes" }
    assert.throws(() => manager(wrong), { code: "ERR_SESSION_CONFIG", message: /encryptAtRest is "yes"/ })
  })
})
