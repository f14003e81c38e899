import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { milliseconds } from "../../src/core/duration.ts"
import { begin, code, deliveryOf, logIn, opens, tokenOf, trial } from "../promises/trial.ts"

const SECOND = 1_000
const HOUR = 3_600 * SECOND
const DAY = 24 * HOUR

describe("lifetimes", () => {
  it("are one hour of inactivity and 24 hours in all by default", async t => {
    const { clock, manager: make } = await trial(t)
    const manager = make()
    const session = await manager.open(await begin(manager))
    assert.equal(session.expiresAt, clock.now() + HOUR)
    assert.equal(session.info?.absoluteExpiresAt, clock.now() + DAY)
    assert.equal(session.info?.persistent, false)
  })

  it('can be given at login, as "remember me" does; the cookie is told the same end as the record', async t => {
    const { clock, manager: make } = await trial(t)
    const manager = make()
    const session = await manager.open(undefined)
    await session.login("anna", { idleTimeout: "14d", absoluteTimeout: "90d", persistent: true })
    const token = tokenOf(session)
    assert.deepEqual(deliveryOf(session), {
      kind: "issue",
      token,
      persistent: true,
      expiresAt: clock.now() + 90 * DAY,
    })
    clock.advance(14 * DAY - 1)
    const later = await manager.open(token)
    assert.deepEqual([later.userId, later.info?.persistent], ["anna", true])
  })

  it("begin again at each login: the absolute end is counted from it", async t => {
    const { clock, manager: make } = await trial(t)
    const manager = make({ idleTimeout: "20h", absoluteTimeout: "24h" })
    const session = await manager.open(await begin(manager))
    clock.advance(19 * HOUR)
    await session.login("anna")
    assert.equal(session.info?.absoluteExpiresAt, clock.now() + DAY)
  })

  it("cut the idle timeout to the absolute one when only that is given", async t => {
    const { clock, manager: make } = await trial(t)
    const manager = make({ absoluteTimeout: "10m" })
    assert.equal((await manager.open(await begin(manager))).expiresAt, clock.now() + 600 * SECOND)
  })

  it("can be changed by setLifetime, counted from now, and the client gets a cookie with the new end", async t => {
    const { clock, manager: make } = await trial(t)
    const manager = make()
    const first = await logIn(manager, "anna", { a: 1 })
    const session = await manager.open(first)
    session.setLifetime({ idleTimeout: "7d", absoluteTimeout: "30d", persistent: true })
    await session.save()
    const delivery = deliveryOf(session)
    assert.deepEqual(
      [delivery?.kind === "issue" && delivery.expiresAt, delivery?.kind === "issue" && delivery.persistent],
      [clock.now() + 30 * DAY, true],
    )
    assert.equal(await opens(manager, first), true, "parallel requests go on")
    clock.advance(7 * DAY - 1)
    assert.equal(await opens(manager, tokenOf(session)), true)
  })

  it("can be shortened by setLifetime", async t => {
    const { clock, manager: make } = await trial(t)
    const manager = make()
    const session = await manager.open(await begin(manager))
    session.setLifetime({ idleTimeout: "1m", absoluteTimeout: "5m" })
    await session.save()
    clock.advance(60 * SECOND)
    assert.equal(await opens(manager, tokenOf(session)), false)
  })

  it("given by setLifetime before a session is stored, or before a login, are those that it gets", async t => {
    const { clock, manager: make } = await trial(t)
    const manager = make()
    for (const store of ["save", "login"] as const) {
      const session = await manager.open(undefined)
      session.setLifetime({ absoluteTimeout: "30d", persistent: true })
      session.set("a", 1)
      await (store === "save" ? session.save() : session.login("anna"))
      assert.equal(session.info?.absoluteExpiresAt, clock.now() + 30 * DAY)
      assert.equal(session.info?.persistent, true)
    }
  })

  it("of a former session are not those of the one that begins after its logout", async t => {
    const { clock, manager: make } = await trial(t)
    const manager = make()
    const session = await manager.open(await logIn(manager, "anna"))
    session.setLifetime({ absoluteTimeout: "30d", persistent: true })
    await session.logout()
    await session.set("a", 1).save()
    assert.equal(session.info?.absoluteExpiresAt, clock.now() + DAY)
  })

  it("that are no durations, or contradict each other, are refused as arguments", async t => {
    const manager = (await trial(t)).manager()
    const session = await manager.open(await begin(manager))
    const WRONG = code("ERR_SESSION_INVALID_ARGUMENT")
    assert.throws(() => session.setLifetime({ idleTimeout: "2d" }), WRONG)
    assert.throws(() => session.setLifetime({ idleTimeout: -1 }), WRONG)
    assert.throws(() => session.set("a", 1, { expiresIn: 0 }), WRONG)
    await assert.rejects(session.login("anna", { absoluteTimeout: Number.NaN }), WRONG)
    await assert.rejects(manager.countOnline({ within: -1 }), WRONG)
    assert.equal(session.userId, undefined)
  })
})

describe("a duration", () => {
  it("is milliseconds, or a number with a unit", () => {
    const durations = [1, 0.5, 1_500, "1ms", "2s", "1.5m", "12h", "14d"] as const
    assert.deepEqual(
      durations.map(duration => milliseconds(duration, "it")),
      [1, 1, 1_500, 1, 2_000, 90_000, 43_200_000, 14 * DAY],
    )
  })

  for (const wrong of [
    0,
    -1,
    0.4,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    1e300,
    "0s",
    "-1s",
    "1e3s",
    "s",
    " 1s",
  ]) {
    it(`is not ${JSON.stringify(wrong)} (${wrong})`, () => {
      assert.throws(() => milliseconds(wrong as number, "it"), code("ERR_SESSION_CONFIG"))
    })
  }

  it("is not null, an object or a text without a unit", () => {
    for (const wrong of [null, {}, "30", ""]) {
      assert.throws(() => milliseconds(wrong as unknown as number, "it"), code("ERR_SESSION_CONFIG"))
    }
  })
})
