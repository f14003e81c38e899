import assert from "node:assert/strict"
import { describe, it } from "node:test"
import {
  begin,
  changesStored,
  deliveryOf,
  logIn,
  opens,
  settled,
  storedValue,
  times,
  tokenOf,
  trial,
} from "../promises/trial.ts"

describe("login()", () => {
  it("on a visitor without a session makes one, stored in a single change with what was set", async t => {
    const { tapped, tappedManager } = await trial(t)
    const manager = tappedManager()
    const session = await manager.open(undefined)
    session.set("theme", "dark")
    await session.login("anna", { methods: ["pwd"] })
    assert.deepEqual(
      tapped.changes.map(({ kind }) => kind),
      ["create"],
    )
    const later = await manager.open(tokenOf(session))
    const methods = later.info?.methods.map(({ name }) => name)
    assert.deepEqual([later.userId, later.get("theme"), methods], ["anna", "dark", ["pwd"]])
  })

  it("tells who logged in and when", async t => {
    const { clock, manager: make } = await trial(t)
    const manager = make()
    const session = await manager.open(await begin(manager))
    assert.deepEqual([session.userId, session.authenticatedAt], [undefined, undefined])
    clock.advance(5_000)
    await session.login("anna")
    assert.deepEqual([session.userId, session.authenticatedAt], ["anna", clock.now()])
    assert.equal(session.createdAt, clock.now() - 5_000)
  })

  it("stores what the request has set before, in the same change", async t => {
    const { tapped, tappedManager } = await trial(t)
    const manager = tappedManager()
    const session = await manager.open(await begin(manager, { cart: 1, old: 1 }))
    session.set("cart", 2).delete("old")
    tapped.applies.length = 0
    await session.login("anna")
    assert.deepEqual(
      tapped.changes.map(({ kind }) => kind),
      ["rotate"],
    )
    assert.deepEqual((await manager.open(tokenOf(session))).keys(), ["cart"])
  })

  it("on a session that was ended meanwhile begins a new one, with nothing of the ended one", async t => {
    const manager = (await trial(t)).manager()
    const token = await begin(manager, { cart: 1 })
    const [late, leaving] = [await manager.open(token), await manager.open(token)]
    await leaving.logout()
    late.set("theme", "dark")
    await late.login("anna")
    assert.notEqual(late.id, token.slice(0, 22))
    assert.deepEqual((await manager.open(tokenOf(late))).keys(), ["theme"])
  })

  it("and every other change know what they did, though the record at hand had ended: it lived on by another use", async t => {
    const { clock, manager: make } = await trial(t)
    const manager = make({ idleTimeout: 10_000 })
    const token = await begin(manager, { count: 0 })
    const sessions = await Promise.all(times(3, () => manager.open(token)))
    const [saving, updating, loggingIn] = sessions
    assert.ok(saving && updating && loggingIn)
    clock.advance(9_999)
    await manager.open(token)
    await changesStored(manager)
    clock.advance(1)
    await saving.set("a", 1).save()
    assert.equal(saving.get("a"), 1)
    assert.ok((saving.expiresAt ?? 0) > clock.now())
    assert.equal(await updating.update("count", n => Number(n) + 1), 1)
    await loggingIn.login("anna")
    assert.equal(loggingIn.userId, "anna")
    await loggingIn.set("b", 1).save()
    assert.deepEqual((await manager.open(tokenOf(loggingIn))).keys().sort(), ["a", "b", "count"])
  })

  it("of a double click gives both requests a session that works", async t => {
    const manager = (await trial(t)).manager()
    const token = await begin(manager, { cart: 1 })
    const clicks = [await manager.open(token), await manager.open(token)]
    await Promise.all(clicks.map(click => click.login("anna")))
    for (const click of clicks) {
      const session = await manager.open(tokenOf(click))
      assert.deepEqual([session.userId, session.get("cart")], ["anna", 1])
    }
    assert.equal(await opens(manager, token), false)
  })

  it("in one request object comes after what was begun before it", async t => {
    const { tapped, tappedManager } = await trial(t)
    const manager = tappedManager()
    tapped.beforeApply = settled
    const session = await manager.open(await begin(manager, { count: 0 }))
    const order: string[] = []
    await Promise.all([
      session.update("count", n => Number(n) + 1).then(() => order.push("update")),
      session.login("anna").then(() => order.push("login")),
      session.update("count", n => Number(n) + 1).then(() => order.push("update")),
    ])
    assert.deepEqual(order, ["update", "login", "update"])
    assert.equal(await storedValue(manager, tokenOf(session), "count"), 2)
  })
})

describe("logout()", () => {
  it("ends the session, tells the client to forget its token, and leaves an empty one", async t => {
    const manager = (await trial(t)).manager()
    const token = await logIn(manager, "anna", { a: 1 })
    const session = await manager.open(token)
    await session.logout()
    assert.deepEqual(deliveryOf(session), { kind: "clear" })
    assert.deepEqual([session.isStored, session.userId, session.keys()], [false, undefined, []])
    assert.equal(await opens(manager, token), false)
    await session.logout()
  })

  it("followed by set() and save() makes a new session under another id and token", async t => {
    const manager = (await trial(t)).manager()
    const token = await logIn(manager, "anna", { a: 1 })
    const session = await manager.open(token)
    await session.logout()
    await session.set("notice", "bye").save()
    assert.notEqual(tokenOf(session).slice(0, 22), token.slice(0, 22))
    const later = await manager.open(tokenOf(session))
    assert.deepEqual([later.userId, later.keys()], [undefined, ["notice"]])
  })

  it("of a session that has ended already is no error, and the client is told all the same", async t => {
    const manager = (await trial(t)).manager()
    const token = await logIn(manager, "anna")
    const [one, two] = [await manager.open(token), await manager.open(token)]
    await Promise.all([one.logout(), two.logout()])
    assert.deepEqual([deliveryOf(one), deliveryOf(two)], [{ kind: "clear" }, { kind: "clear" }])
  })
})
