import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { begin, code, times, tokenOf, trial } from "../promises/trial.ts"

describe("flash messages", () => {
  it("are there for the next request that reads them, in order, and then gone", async t => {
    const manager = (await trial(t)).manager()
    const token = await begin(manager)
    const leaving = await manager.open(token)
    for (const index of times(12, each => each)) leaving.flash(`message ${index}`, index ? "info" : "error")
    await leaving.save()
    const reading = await manager.open(token)
    const messages = reading.flashes()
    assert.deepEqual(
      messages.map(({ message }) => message),
      times(12, index => `message ${index}`),
    )
    assert.deepEqual(messages[0], { message: "message 0", kind: "error" })
    assert.deepEqual(reading.flashes(), [])
    await reading.save()
    assert.deepEqual((await manager.open(token)).flashes(), [])
  })

  it("stay when the request that read them does not save", async t => {
    const manager = (await trial(t)).manager()
    const token = await begin(manager)
    const session = await manager.open(token)
    session.flash("still here")
    await session.save()
    ;(await manager.open(token)).flashes()
    assert.equal((await manager.open(token)).flashes().length, 1)
  })

  it("of 30 concurrent requests all survive, the older ones first", async t => {
    const { clock, manager: make } = await trial(t)
    const manager = make()
    const token = await begin(manager)
    const sessions = await Promise.all(times(30, () => manager.open(token)))
    for (const [index, session] of sessions.entries()) {
      session.flash(`message ${index}`)
      clock.advance(1)
    }
    await Promise.all(sessions.reverse().map(session => session.save()))
    assert.deepEqual(
      (await manager.open(token)).flashes().map(({ message }) => message),
      times(30, index => `message ${index}`),
    )
  })

  it("can be left and read within one request", async t => {
    const session = await (await trial(t)).manager().open(undefined)
    session.flash("now")
    assert.deepEqual(session.flashes(), [{ message: "now", kind: "info" }])
  })

  it("are no keys of the session, survive clear(), and their names cannot be taken", async t => {
    const manager = (await trial(t)).manager()
    const session = await manager.open(await begin(manager, { a: 1 }))
    session.flash("here")
    assert.deepEqual(session.keys(), ["a"])
    session.clear()
    assert.equal(session.flashes().length, 1)
    assert.throws(() => session.set("~flash.1", 1), code("ERR_SESSION_INVALID_KEY"))
  })

  it("follow the user through a login, and not into the session of another", async t => {
    const manager = (await trial(t)).manager()
    const session = await manager.open(await begin(manager))
    session.flash("welcome")
    await session.login("anna")
    assert.equal((await manager.open(tokenOf(session))).flashes().length, 1)
    await session.login("bob")
    assert.deepEqual(session.flashes(), [])
  })

  it("are not taken when that could not be stored any more", async t => {
    const manager = (await trial(t)).manager()
    const token = await begin(manager)
    const leaving = await manager.open(token)
    leaving.flash("too late")
    await leaving.save()
    const exchange = { canIssue: false, canCommit: false, changed() {}, client: () => ({}) }
    const ended = await manager.open(token, { exchange })
    assert.throws(() => ended.flashes(), code("ERR_SESSION_HEADERS_SENT"))
    const empty = await manager.open(await begin(manager), { exchange })
    assert.deepEqual(empty.flashes(), [])
  })

  it("beyond 32 that nobody reads push out the oldest, and leave room for the session's own keys", async t => {
    const manager = (await trial(t)).manager()
    const token = await begin(manager)
    for (const index of times(40, each => each)) {
      const session = await manager.open(token)
      session.flash(`message ${index}`)
      await session.save()
    }
    const messages = (await manager.open(token)).flashes()
    assert.equal(messages.length, 32)
    assert.equal(new Set(messages.map(({ message }) => message)).has("message 39"), true)
  })
})
