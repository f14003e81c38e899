import assert from "node:assert/strict"
import { describe, it } from "node:test"
import type { SessionManager } from "../../src/core/manager.ts"
import type { Session } from "../../src/core/session.ts"
import { storesAndNearCaches } from "./stores.ts"
import { begin, code, deliveryOf, logIn, opens, settled, storedValue, tokenOf, trial } from "./trial.ts"

type Ending = (manager: SessionManager, session: Session) => Promise<unknown>

const endings: Readonly<Record<string, Ending>> = {
  "logout()": (_, session) => session.logout(),
  "revoke()": (_, session) => session.revoke(),
  "manager.revoke(id)": (manager, { id }) => manager.revoke(id),
  "manager.revokeUser()": manager => manager.revokeUser("anna"),
  "manager.revokeAll()": manager => manager.revokeAll(),
  "the login of another user": (_, session) => session.login("bob"),
}

const lateWrites: Readonly<Record<string, (session: Session) => Promise<unknown>>> = {
  "set() and save()": session => session.set("late", 1).save(),
  "update()": session => session.update("late", () => 1),
  "take()": session => session.take("cart"),
  "rotate()": session => session.rotate(),
  "setLabel() and save()": async session => {
    session.setLabel("late")
    await session.save()
  },
  "setLifetime() and save()": async session => {
    session.setLifetime({ persistent: true })
    await session.save()
  },
}

for (const kind of storesAndNearCaches) {
  describe(`no resurrection, on ${kind.name}`, () => {
    for (const [name, end] of Object.entries(endings)) {
      it(`G2: after ${name} a slow request's set changes nothing and is told ERR_SESSION_GONE`, async t => {
        const manager = (await trial(t, kind)).manager()
        const token = await logIn(manager, "anna", { cart: 1 })
        const [slow, fast] = [await manager.open(token), await manager.open(token)]
        await end(manager, fast)
        await assert.rejects(slow.set("late", 1).save(), code("ERR_SESSION_GONE"))
        assert.equal(await opens(manager, token), false)
        assert.equal(await manager.find(slow.id), undefined)
      })
    }

    for (const [name, write] of Object.entries(lateWrites)) {
      it(`G2: ${name} after a logout is told ERR_SESSION_GONE, and the session stays ended`, async t => {
        const { manager: make, store } = await trial(t, kind)
        const manager = make()
        const token = await logIn(manager, "anna", { cart: 1 })
        const [slow, fast] = [await manager.open(token), await manager.open(token)]
        await fast.logout()
        await assert.rejects(write(slow), code("ERR_SESSION_GONE"))
        assert.equal(await store.countLive(), 0)
        assert.equal(await opens(manager, token), false)
        assert.equal(deliveryOf(slow), undefined, "the client is given no token")
      })
    }

    it("G2: a touch that arrives after the logout revives nothing", async t => {
      const { manager: make, store } = await trial(t, kind)
      const [one, two] = [make(), make()]
      const token = await logIn(one, "anna")
      await one.open(token)
      await (await two.open(token)).logout()
      assert.equal(await one.countOnline({ within: "1h" }), 0)
      assert.equal(await store.countLive(), 0)
    })

    it("G2: a periodic rotation that is due after the logout revives nothing, and does not trouble a mere reader", async t => {
      const { clock, manager: make, store } = await trial(t, kind)
      const manager = make({ rotateEvery: "1m" })
      const token = await logIn(manager, "anna")
      clock.advance(60_000)
      const [slow, fast] = [await manager.open(token), await manager.open(token)]
      await fast.logout()
      await slow.save()
      assert.equal(deliveryOf(slow), undefined)
      assert.equal(await store.countLive(), 0)
    })

    it("G2: an expired session is not revived by a late save", async t => {
      const { clock, manager: make, store } = await trial(t, kind)
      const manager = make({ idleTimeout: 1_000 })
      const slow = await manager.open(await begin(manager))
      clock.advance(1_000)
      await assert.rejects(slow.set("late", 1).save(), code("ERR_SESSION_GONE"))
      assert.equal(await store.countLive(), 0)
    })
  })
}

describe("no resurrection", () => {
  it("G2: what was refused stays refused: a second save says so too, and the data at hand is what was stored", async t => {
    const manager = (await trial(t)).manager()
    const token = await begin(manager, { cart: 1 })
    const [slow, fast] = [await manager.open(token), await manager.open(token)]
    await fast.logout()
    await assert.rejects(slow.set("cart", 2).save(), code("ERR_SESSION_GONE"))
    assert.equal(slow.get("cart"), 1)
    await assert.rejects(slow.set("cart", 3).save(), code("ERR_SESSION_GONE"))
  })

  it("G2: a logout during a save in flight ends the session, whichever comes first", async t => {
    const { tapped, tappedManager } = await trial(t)
    const manager = tappedManager()
    const token = await begin(manager)
    const [saving, leaving] = [await manager.open(token), await manager.open(token)]
    tapped.beforeApply = settled
    const [saved, left] = await Promise.allSettled([saving.set("a", 2).save(), leaving.logout()])
    assert.deepEqual([saved.status, left.status], ["fulfilled", "fulfilled"])
    assert.equal(await opens(manager, token), false)
  })

  it("G2: logout() of a request with a save in flight comes after it, and what was not saved is forgotten", async t => {
    const manager = (await trial(t)).manager()
    const token = await begin(manager)
    const session = await manager.open(token)
    const saving = session.set("a", 2).save()
    session.set("b", 2)
    await Promise.all([saving, session.logout()])
    assert.equal(session.isStored, false)
    assert.deepEqual(session.keys(), [])
    assert.equal(await opens(manager, token), false)
  })

  it("G2: what is set after logout() begins a new session with another id, even before the logout is stored", async t => {
    const manager = (await trial(t)).manager()
    const token = await begin(manager, { cart: 1 })
    const session = await manager.open(token)
    const endedId = session.id
    const leaving = session.logout()
    session.set("notice", "bye")
    await leaving
    await session.save()
    assert.notEqual(session.id, endedId)
    assert.deepEqual(session.keys(), ["notice"])
    assert.equal(await opens(manager, token), false)
    assert.equal(await storedValue(manager, tokenOf(session), "notice"), "bye")
  })
})
