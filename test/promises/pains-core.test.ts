import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { SessionManager } from "../../src/core/manager.ts"
import { createMemoryStore } from "../../src/stores/memory/index.ts"
import { stores } from "./stores.ts"
import { unreachable } from "./tapped-store.ts"
import {
  begin,
  code,
  deliveryOf,
  logIn,
  opens,
  storedValue,
  times,
  tokenOf,
  touchesStored,
  trial,
} from "./trial.ts"

/** What users of other libraries suffered from, by library and thread: each is a case here. */
for (const kind of stores) {
  describe(`what users of other libraries suffer from, on ${kind.name}`, () => {
    it("es#606, SerayaEryn/fastify-session#237, koajs/session#50: concurrent requests lose no write of each other", async t => {
      const manager = (await trial(t, kind)).manager()
      const token = await begin(manager, { cart: [], visits: 0 })
      const [slow, fast] = [await manager.open(token), await manager.open(token)]
      await fast.set("cart", ["book"]).save()
      await slow.set("visits", 1).save()
      const after = await manager.open(token)
      assert.deepEqual([after.get("cart"), after.get("visits")], [["book"], 1])
    })

    it("es#632, tj/connect-redis#328, ba#11073, gorilla/sessions#10, laravel/framework#30996: a slow request does not undo a logout", async t => {
      const manager = (await trial(t, kind)).manager()
      const token = await logIn(manager, "anna", { a: 1 })
      const [slow, leaving] = [await manager.open(token), await manager.open(token)]
      await leaving.logout()
      await assert.rejects(slow.set("a", 2).save(), code("ERR_SESSION_GONE"))
      assert.equal(await opens(manager, token), false)
    })

    it("fs#240, beego#4678: regenerating in parallel leaves one session, with one live secret, and all its data", async t => {
      const { manager: make, store } = await trial(t, kind)
      const manager = make()
      const token = await begin(manager, { cart: 1 })
      const requests = await Promise.all(times(5, () => manager.open(token)))
      const results = await Promise.allSettled(requests.map(request => request.rotate()))
      assert.equal(results.filter(({ status }) => status === "fulfilled").length, 1)
      for (const result of results) {
        if (result.status === "rejected") assert.equal(result.reason.code, "ERR_SESSION_CONFLICT")
      }
      const issued = requests.filter(request => deliveryOf(request)).map(tokenOf)
      assert.equal(issued.length, 1)
      assert.equal(await storedValue(manager, issued[0] ?? "", "cart"), 1)
      assert.equal(await store.countLive(), 1)
    })

    it("es#935, es#849: a session is saved once per request, also when the handler saves it itself", async t => {
      const { tapped, tappedManager } = await trial(t, kind)
      const manager = tappedManager()
      const session = await manager.open(await begin(manager))
      tapped.applies.length = 0
      await session.set("a", 2).set("b", 2).save()
      await session.save()
      assert.equal(tapped.changes.length, 1)
    })

    it("es#360, es#167, es#309, es#660: what save() has acknowledged is there for the very next request", async t => {
      const manager = (await trial(t, kind)).manager()
      const token = await begin(manager)
      for (const round of times(20, index => index)) {
        await (await manager.open(token)).set("round", round).save()
        assert.equal(await storedValue(manager, token, "round"), round)
      }
    })

    it("es#266, es#538, es#758, fs#99: a store error is told by save(), and the session is not thought stored", async t => {
      const { tapped, tappedManager } = await trial(t, kind)
      const manager = tappedManager()
      const session = await manager.open(undefined)
      tapped.beforeApply = unreachable
      await assert.rejects(session.set("a", 1).save(), code("ERR_SESSION_STORE_UNAVAILABLE"))
      assert.equal(session.isStored, false)
    })

    it("cr#88, cr#373: with the store down a request gets a typed error at once, never undefined and never nothing", async t => {
      const { tapped, tappedManager } = await trial(t, kind)
      const manager = tappedManager({ storeTimeout: 30 })
      const token = await begin(manager)
      tapped.beforeFind = unreachable
      await assert.rejects(async () => await manager.open(token), code("ERR_SESSION_STORE_UNAVAILABLE"))
      tapped.beforeFind = () => new Promise(() => undefined)
      await assert.rejects(async () => await manager.open(token), code("ERR_SESSION_STORE_TIMEOUT"))
    })

    it("es#891, fs#310, hono-sessions#29: a hundred requests that only read cost one write in all", async t => {
      const { tapped, tappedManager } = await trial(t, kind)
      const manager = tappedManager()
      const token = await begin(manager)
      tapped.applies.length = 0
      for (const _ of times(100, () => 0)) await (await manager.open(token)).save()
      await manager.close()
      assert.deepEqual(
        tapped.changes.map(({ kind }) => kind),
        ["touch"],
      )
    })

    it("cr#251, cr#239, cr#376, gorilla/sessions#48: the client is told the end that the record has", async t => {
      const manager = (await trial(t, kind)).manager()
      const session = await manager.open(undefined)
      const told = () => {
        const delivery = deliveryOf(session)
        return delivery?.kind === "issue" ? delivery.expiresAt : undefined
      }
      await session.set("a", 1).save()
      assert.equal(told(), (await manager.find(session.id))?.absoluteExpiresAt)
      await session.login("anna", { idleTimeout: "7d", absoluteTimeout: "30d", persistent: true })
      assert.equal(told(), (await manager.find(session.id))?.absoluteExpiresAt)
      session.setLifetime({ absoluteTimeout: "1h" })
      await session.save()
      assert.equal(told(), (await manager.find(session.id))?.absoluteExpiresAt)
    })

    it("es#372, es#273, es#169: nothing is stored for a request that sets nothing, and no option decides it", async t => {
      const { tapped, tappedManager } = await trial(t, kind)
      const session = await tappedManager().open(undefined)
      await session.save()
      assert.deepEqual([tapped.applies, deliveryOf(session)], [[], undefined])
    })

    it("es#241, cookie-session#115: an ended session tells the client to forget its token", async t => {
      const manager = (await trial(t, kind)).manager()
      for (const end of ["logout", "revoke"] as const) {
        const session = await manager.open(await logIn(manager, "anna"))
        await session[end]()
        assert.deepEqual(deliveryOf(session), { kind: "clear" })
      }
    })

    it("es#557: a session ends by idleness, and by age however much it is used", async t => {
      const { clock, manager: make } = await trial(t, kind)
      const manager = make({ idleTimeout: 10_000, absoluteTimeout: 25_000 })
      const [idle, used] = [await begin(manager), await begin(manager)]
      for (const _ of times(3, () => 0)) {
        clock.advance(8_000)
        assert.equal(await opens(manager, used), true)
        await touchesStored(manager)
      }
      assert.equal(await opens(manager, idle), false)
      clock.advance(1_000)
      assert.equal(await opens(manager, used), false)
    })
  })
}

describe("what users of other libraries suffer from", () => {
  it("es#607, es#737, fs#35, pg#304: everything is a promise, and the data has its type", async t => {
    interface Cart {
      cart: { id: string }[]
      visits: number
    }
    const { clock, store } = await trial(t)
    const manager = new SessionManager<Cart>(store, { now: clock.now, sweepInterval: false })
    const session = await manager.open(undefined)
    const calls: Promise<unknown>[] = [
      session.set("cart", [{ id: "book" }]).save(),
      session.update("visits", visits => (visits ?? 0) + 1),
      session.login("anna"),
      session.logout(),
      manager.list("anna"),
    ]
    await Promise.all(calls)
    // @ts-expect-error the key has a type
    session.set("visits", "many")
    // @ts-expect-error there is no such key
    session.get("vists")
    // @ts-expect-error a value cannot be changed in place
    session.get("cart")?.push({ id: "pen" })
  })

  it("es#284, es#114: the memory store is bounded, and says when it is full", async () => {
    await using manager = new SessionManager(createMemoryStore({ maxSessions: 3 }), { sweepInterval: false })
    for (const _ of times(3, () => 0)) await begin(manager)
    await assert.rejects(begin(manager), code("ERR_SESSION_STORE_FULL"))
    assert.equal(await manager.countLive(), 3)
  })

  it("es#284: expired sessions make room in the memory store without any sweep", async t => {
    const { clock } = await trial(t)
    const store = createMemoryStore({ maxSessions: 3 }, { now: clock.now })
    const options = { now: clock.now, idleTimeout: 1_000, sweepInterval: false } as const
    await using manager = new SessionManager(store, options)
    for (const _ of times(10, () => 0)) {
      await begin(manager)
      clock.advance(500)
    }
    assert.ok((await manager.countLive()) <= 3)
  })

  it("es#589: a request for a static asset, opened lazily, does not read its session", async t => {
    const { tapped, tappedManager } = await trial(t)
    const manager = tappedManager()
    const token = await begin(manager)
    const session = await manager.open(token, { lazy: true })
    await session.save()
    assert.deepEqual(tapped.finds, [])
  })
})
