import assert from "node:assert/strict"
import { describe, it } from "node:test"
import type { StepUpOptions } from "../../src/core/authentication.ts"
import { type Session, stateOf } from "../../src/core/session.ts"
import { generateKey } from "../../src/http/keys.ts"
import { SealedSessions } from "../../src/http/sealing/sealed-sessions.ts"
import { begin, code, deliveryOf, opens, tokenOf, trial } from "../promises/trial.ts"

/** The methods with the seconds since `from` at which each was used. */
const methodsOf = (session: Session, from: number): (readonly [string, number])[] =>
  (session.info?.methods ?? []).map(({ name, at }) => [name, (at - from) / 1_000])

describe("the methods of a login", () => {
  it("keep their own times when the same user logs in again or steps up, and are renewed by name", async t => {
    const { clock, manager: make } = await trial(t)
    const manager = make()
    const session = await manager.open(undefined)
    const from = clock.now()
    await session.login("anna", { methods: ["pwd", "pwd"] })
    clock.advance(1_000)
    await session.stepUp({ methods: ["otp"] })
    clock.advance(1_000)
    await session.login("anna", { methods: ["hwk"] })
    clock.advance(1_000)
    await session.stepUp({ methods: ["pwd"] })
    const stored = await manager.open(tokenOf(session))
    assert.deepEqual(methodsOf(stored, from), [
      ["otp", 1],
      ["hwk", 2],
      ["pwd", 3],
    ])
    assert.equal(stored.authenticatedAt, from + 3_000)
  })

  it("are not those of another user, nor of a session that was ended meanwhile", async t => {
    const manager = (await trial(t)).manager()
    const session = await manager.open(undefined)
    await session.login("anna", { methods: ["hwk"], stamp: "1", externalId: "idp#1", assurance: "gold" })
    const other = await manager.open(tokenOf(session))
    await other.login("bert", { methods: ["pwd"] })
    assert.deepEqual(
      other.info?.methods.map(({ name }) => name),
      ["pwd"],
    )
    await session.login("anna", { methods: ["pwd"] })
    assert.deepEqual(
      session.info?.methods.map(({ name }) => name),
      ["pwd"],
    )
    assert.deepEqual([session.hasStamp("1"), session.info?.assurance], [false, undefined])
  })

  it("are at most 16: the oldest give way", async t => {
    const session = await (await trial(t)).manager().open(undefined)
    const names = Array.from({ length: 16 }, (_, index) => `m${index}`)
    await session.login("anna", { methods: names })
    await session.stepUp({ methods: ["otp"] })
    assert.deepEqual(
      session.info?.methods.map(({ name }) => name),
      [...names.slice(1), "otp"],
    )
  })
})

describe("stepUp()", () => {
  it("is a change of privilege: another secret, the old one ends at once, the id stays (ASVS 7.2.4)", async t => {
    const { store, manager: make } = await trial(t)
    const manager = make()
    const session = await manager.open(undefined)
    await session.login("anna", { methods: ["pwd"] })
    const before = tokenOf(session)
    const [recordBefore] = await store.find([session.id])
    await session.stepUp({ methods: ["otp"], assurance: "gold" })
    const [record] = await store.find([session.id])
    assert.equal(record?.epoch, (recordBefore?.epoch ?? 0) + 1)
    assert.equal(await opens(manager, before), false)
    assert.equal((await manager.open(tokenOf(session))).info?.assurance, "gold")
  })

  it("keeps the session's own lifetimes, as it is no new login", async t => {
    const { clock, manager: make } = await trial(t)
    const session = await make().open(undefined)
    await session.login("anna", { absoluteTimeout: "30d", idleTimeout: "7d", persistent: true })
    const { absoluteExpiresAt } = session.info ?? assert.fail("it is stored")
    clock.advance(60_000)
    await session.stepUp({ methods: ["otp"] })
    assert.deepEqual([session.info?.absoluteExpiresAt, session.info?.persistent], [absoluteExpiresAt, true])
  })

  it("keeps no assurance of an earlier authentication", async t => {
    const session = await (await trial(t)).manager().open(undefined)
    await session.login("anna", { methods: ["hwk"], assurance: "gold" })
    await session.stepUp({ methods: ["pwd"] })
    assert.equal(session.info?.assurance, undefined)
  })

  it("without a login is ERR_SESSION_NOT_LOGGED_IN, which stands for 401", async t => {
    const manager = (await trial(t)).manager()
    const session = await manager.open(await begin(manager))
    await assert.rejects(session.stepUp({ methods: ["otp"] }), {
      ...code("ERR_SESSION_NOT_LOGGED_IN"),
      status: 401,
    })
  })

  it("after a logout elsewhere is ERR_SESSION_GONE, and after another login ERR_SESSION_CONFLICT", async t => {
    const manager = (await trial(t)).manager()
    const session = await manager.open(undefined)
    await session.login("anna")
    const [slow, slower] = [await manager.open(tokenOf(session)), await manager.open(tokenOf(session))]
    await session.stepUp({ methods: ["otp"] })
    await assert.rejects(slow.stepUp({ methods: ["otp"] }), code("ERR_SESSION_CONFLICT"))
    await session.logout()
    await assert.rejects(slower.stepUp({ methods: ["otp"] }), code("ERR_SESSION_GONE"))
  })
})

describe("login() and stepUp()", () => {
  const tooLong = "x".repeat(1_025)
  const wrong: Readonly<Record<string, StepUpOptions>> = {
    "more than 16 methods": { methods: Array.from({ length: 17 }, (_, index) => String(index)) },
    "an empty method": { methods: [""] },
    "a method of 1,025 characters": { methods: [tooLong] },
    "an assurance of 1,025 characters": { assurance: tooLong },
    "an empty stamp": { stamp: "" },
    "a stamp of 1,025 characters": { stamp: tooLong },
    "an external id of 1,025 characters": { externalId: tooLong },
    "methods as one text": JSON.parse('{"methods":"pwd"}'),
    "no object": JSON.parse("null"),
    "a text for options": JSON.parse('"pwd"'),
    "a stamp that is a number": JSON.parse('{"stamp":7}'),
  }
  for (const [what, options] of Object.entries(wrong)) {
    it(`refuse ${what} with ERR_SESSION_INVALID_ARGUMENT, and change nothing`, async t => {
      const manager = (await trial(t)).manager()
      const session = await manager.open(undefined)
      await assert.rejects(session.login("anna", options), code("ERR_SESSION_INVALID_ARGUMENT"))
      assert.equal(session.isStored, false)
      await session.login("anna", { methods: ["pwd"] })
      const token = tokenOf(session)
      await assert.rejects(session.stepUp(options), code("ERR_SESSION_INVALID_ARGUMENT"))
      assert.equal(await opens(manager, token), true)
    })
  }

  it("stepUp refuses to be called without options", async t => {
    const session = await (await trial(t)).manager().open(undefined)
    await session.login("anna")
    // @ts-expect-error: a program without types may leave them out
    await assert.rejects(session.stepUp(), code("ERR_SESSION_INVALID_ARGUMENT"))
  })

  it("take texts of 1,024 characters", async t => {
    const session = await (await trial(t)).manager().open(undefined)
    const text = "x".repeat(1_024)
    await session.login("anna", { methods: [text], assurance: text, stamp: text, externalId: text })
    assert.equal(session.hasStamp(text), true)
  })
})

describe("the stamp of a login", () => {
  it("is kept as a SHA-256 that differs in each session", async t => {
    const { store, manager: make } = await trial(t)
    const manager = make()
    const stamped = async () => {
      const session = await manager.open(undefined)
      await session.login("anna", { stamp: "the hash of a password" })
      const [record] = await store.find([session.id])
      assert.doesNotMatch(JSON.stringify(record), /the hash/)
      return record?.login?.stampHash
    }
    const first = await stamped()
    assert.match(first ?? "", /^[A-Za-z0-9_-]{43}$/)
    assert.notEqual(await stamped(), first)
  })

  it("is told apart from any other, from none, and by a session without one", async t => {
    const manager = (await trial(t)).manager()
    const session = await manager.open(undefined)
    assert.equal(session.hasStamp("1"), false)
    await session.login("anna")
    assert.equal(session.hasStamp("1"), false)
    await session.stepUp({ stamp: "1" })
    assert.deepEqual(
      ["1", "2", undefined].map(stamp => session.hasStamp(stamp)),
      [true, false, false],
    )
  })

  it("stays over a rotation, a step-up and another login of the same user that give none", async t => {
    const session = await (await trial(t)).manager().open(undefined)
    await session.login("anna", { stamp: "1" })
    await session.rotate()
    await session.stepUp({ methods: ["otp"] })
    await session.login("anna")
    assert.equal(session.hasStamp("1"), true)
  })

  it("that is another ends the session at verifyStamp, told as credentials", async t => {
    const manager = (await trial(t)).manager()
    const session = await manager.open(undefined)
    await session.login("anna", { stamp: "1" })
    const token = tokenOf(session)
    const reasons: string[] = []
    manager.on("revoked", ({ reason }) => reasons.push(reason))
    const same = await manager.open(token)
    assert.equal(await same.verifyStamp("1"), true)
    assert.deepEqual(reasons, [])
    const other = await manager.open(token)
    assert.equal(await other.verifyStamp("2"), false)
    assert.deepEqual(reasons, ["credentials"])
    assert.deepEqual(deliveryOf(other), { kind: "clear" })
    assert.equal(await opens(manager, token), false)
  })

  it("that another request of this session has renewed meanwhile is a conflict, and ends nothing", async t => {
    const manager = (await trial(t)).manager()
    const session = await manager.open(undefined)
    await session.login("anna", { stamp: "1" })
    const slow = await manager.open(tokenOf(session))
    await session.stepUp({ stamp: "2" })
    await assert.rejects(slow.verifyStamp("2"), code("ERR_SESSION_CONFLICT"))
    assert.equal(await opens(manager, tokenOf(session)), true)
  })

  it("ends a sealed session's every copy, which nothing else can", async () => {
    const sessions = new SealedSessions({ keys: [generateKey()] })
    const session = sessions.open(undefined)
    await session.login("anna", { stamp: "1" })
    const { delivery } = stateOf(session)
    assert.equal(delivery?.kind, "issue")
    const copy = sessions.open(delivery.token)
    assert.equal(await copy.verifyStamp("1"), true)
    assert.equal(await sessions.open(delivery.token).verifyStamp("2"), false)
    assert.deepEqual([copy.userId, copy.hasStamp("2")], ["anna", false])
  })
})

describe("a session", () => {
  it("takes no property, so that a value set past it is not lost without a word", async t => {
    const session = await (await trial(t)).manager().open(undefined)
    assert.throws(() => Object.assign(session, { cart: [] }), TypeError)
    assert.equal(Reflect.set(session, "cart", []), false)
  })
})
