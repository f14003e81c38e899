import assert from "node:assert/strict"
import { describe, it } from "node:test"
import type { Exchange } from "../../src/core/state.ts"
import { begin, code, deliveryOf, logIn, opens, storedValue, tokenOf, trial } from "../promises/trial.ts"

const HEADERS_SENT = code("ERR_SESSION_HEADERS_SENT")

/** A response as a session sees it. */
class Response implements Exchange {
  canIssue = true
  canCommit = true
  told = 0
  asked = 0

  changed(): void {
    this.told++
  }

  client() {
    this.asked++
    return { address: "192.0.2.1" }
  }
}

describe("a session whose response has begun", () => {
  it("still takes changes of stored data, and none that would need a cookie", async t => {
    const manager = (await trial(t)).manager()
    const token = await begin(manager)
    const exchange = new Response()
    const [stored, fresh] = [
      await manager.open(token, { exchange }),
      await manager.open(undefined, { exchange }),
    ]
    exchange.canIssue = false
    await stored.set("a", 2).save()
    assert.equal(await storedValue(manager, token, "a"), 2)
    assert.throws(() => fresh.set("a", 1), HEADERS_SENT)
    await assert.rejects(
      fresh.update("a", () => 1),
      HEADERS_SENT,
    )
    await assert.rejects(stored.login("anna"), HEADERS_SENT)
    await assert.rejects(stored.rotate(), HEADERS_SENT)
  })

  it("can still be ended", async t => {
    const manager = (await trial(t)).manager()
    const token = await logIn(manager, "anna")
    const exchange = new Response()
    const session = await manager.open(token, { exchange })
    exchange.canIssue = false
    await session.logout()
    assert.equal(deliveryOf(session), undefined)
    assert.equal(await opens(manager, token), false)
  })

  it("changes its lifetime without a new cookie", async t => {
    const { clock, manager: make } = await trial(t)
    const manager = make()
    const exchange = new Response()
    const session = await manager.open(await begin(manager), { exchange })
    exchange.canIssue = false
    session.setLifetime({ absoluteTimeout: "7d" })
    await session.save()
    assert.equal(deliveryOf(session), undefined)
    assert.equal((await manager.find(session.id))?.absoluteExpiresAt, clock.now() + 7 * 86_400_000)
  })

  it("takes no change at all once the response has ended", async t => {
    const manager = (await trial(t)).manager()
    const exchange = new Response()
    const session = await manager.open(await begin(manager), { exchange })
    exchange.canIssue = exchange.canCommit = false
    const changes = [
      () => session.set("a", 2),
      () => session.delete("a"),
      () => session.flash("x"),
      () => session.setLabel("x"),
      () => session.setLifetime({ persistent: true }),
    ]
    for (const change of changes) assert.throws(change, HEADERS_SENT)
    assert.equal(session.get("a"), 1)
  })
})

describe("a response", () => {
  it("is told of everything that it must wait for, and of nothing else", async t => {
    const manager = (await trial(t)).manager()
    const exchange = new Response()
    const session = await manager.open(await begin(manager), { exchange })
    session.get("a")
    session.delete("missing")
    session.flashes()
    await session.save()
    assert.equal(exchange.told, 0)
    const changes: (() => unknown)[] = [
      () => session.set("a", 2),
      () => session.delete("a"),
      () => session.flash("x"),
      () => session.flashes(),
      () => session.setLabel("x"),
      () => session.setLifetime({ persistent: true }),
      () => session.update("b", () => 1),
      () => session.login("anna"),
      () => session.rotate(),
      () => session.logout(),
    ]
    for (const change of changes) {
      exchange.told = 0
      const under = change()
      assert.ok(exchange.told > 0, `${change} must be told at once`)
      await under
    }
  })

  it("is told of an operation as soon as it begins, so that it waits for it", async t => {
    const manager = (await trial(t)).manager()
    const exchange = new Response()
    const session = await manager.open(undefined, { exchange })
    const unawaited = session.login("anna")
    assert.ok(exchange.told > 0)
    await session.save()
    assert.equal((await manager.open(tokenOf(session))).userId, "anna")
    await unawaited
  })

  it("is asked about the client only when that is to be stored", async t => {
    const manager = (await trial(t)).manager()
    const token = await begin(manager)
    const exchange = new Response()
    const session = await manager.open(token, { exchange })
    await session.set("a", 2).save()
    assert.equal(exchange.asked, 0)
    await session.login("anna")
    assert.equal(exchange.asked, 1)
    assert.deepEqual((await manager.find(session.id))?.client, { address: "192.0.2.1" })
  })
})
