import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { type Session, stateOf } from "../../src/core/session.ts"
import { storesAndNearCaches } from "./stores.ts"
import { unreachable } from "./tapped-store.ts"
import { begin, code, deliveryOf, logIn, opens, settled, storedValue, tokenOf, trial } from "./trial.ts"

const UNAVAILABLE = code("ERR_SESSION_STORE_UNAVAILABLE")

const operations: Readonly<Record<string, (session: Session) => Promise<unknown>>> = {
  "save()": session => session.set("a", 2).save(),
  "update()": session => session.update("a", () => 2),
  "take()": session => session.take("a"),
  "login()": session => session.login("anna"),
  "rotate()": session => session.rotate(),
  "logout()": session => session.logout(),
  "revoke()": session => session.revoke(),
}

for (const kind of storesAndNearCaches) {
  describe(`acknowledged means stored, on ${kind.name}`, () => {
    for (const [name, operate] of Object.entries(operations)) {
      it(`G6: ${name} rejects when the store fails: nothing is acknowledged, no token is issued or ended`, async t => {
        const { tapped, tappedManager } = await trial(t, kind)
        const manager = tappedManager()
        const token = await logIn(manager, "anna", { a: 1 })
        const session = await manager.open(token)
        tapped.beforeApply = unreachable
        await assert.rejects(operate(session), UNAVAILABLE)
        assert.equal(deliveryOf(session), undefined)
        tapped.beforeApply = () => undefined
        const after = await manager.open(token)
        assert.deepEqual([after.userId, after.get("a")], ["anna", 1])
      })
    }

    it("G6: a new session whose creation fails is not stored, and no token is issued", async t => {
      const { tapped, tappedManager } = await trial(t, kind)
      const manager = tappedManager()
      tapped.beforeApply = unreachable
      const session = await manager.open(undefined)
      await assert.rejects(session.set("a", 1).save(), UNAVAILABLE)
      assert.equal(session.isStored, false)
      assert.equal(deliveryOf(session), undefined)
      assert.equal(await manager.countLive(), 0)
    })

    it("G6: save() resolves only once the store has acknowledged", async t => {
      const { tapped, tappedManager, manager } = await trial(t, kind)
      const token = await begin(tappedManager())
      let acknowledge = () => {}
      tapped.beforeApply = () => new Promise(resolve => (acknowledge = resolve))
      const session = await tappedManager().open(token)
      let resolved = false
      const saving = session
        .set("a", 2)
        .save()
        .then(() => {
          resolved = true
        })
      await settled()
      assert.equal(resolved, false)
      tapped.beforeApply = () => undefined
      acknowledge()
      await saving
      assert.equal(await storedValue(manager(), token, "a"), 2)
    })
  })
}

describe("acknowledged means stored", () => {
  it("G6: save() can be tried again after a failure: all gathered changes are still there", async t => {
    const { clock, tapped, tappedManager } = await trial(t)
    const manager = tappedManager()
    const token = await begin(manager, { kept: 1, dropped: 1 })
    const session = await manager.open(token)
    session.set("a", 2).delete("dropped")
    session.setLabel("Anna's laptop")
    session.setLifetime({ absoluteTimeout: "7d" })
    tapped.beforeApply = unreachable
    await assert.rejects(session.save(), UNAVAILABLE)
    session.set("b", 3)
    tapped.beforeApply = () => undefined
    await session.save()
    const after = await manager.open(tokenOf(session))
    assert.deepEqual(after.keys().sort(), ["a", "b", "kept"])
    assert.equal(after.client.label, "Anna's laptop")
    assert.equal(after.info?.absoluteExpiresAt, clock.now() + 7 * 86_400_000)
  })

  it("G6: a creation whose answer was lost can be tried again, under another id", async t => {
    const { tapped, tappedManager } = await trial(t)
    const manager = tappedManager()
    const session = await manager.open(undefined)
    tapped.afterApply = unreachable
    await assert.rejects(session.set("a", 1).save(), UNAVAILABLE)
    tapped.afterApply = () => undefined
    await session.save()
    assert.equal(await storedValue(manager, tokenOf(session), "a"), 1)
  })

  it("G6: login() can be tried again after an answer was lost, with the data of the visitor", async t => {
    const { tapped, tappedManager } = await trial(t)
    const manager = tappedManager()
    const old = await begin(manager, { cart: 1 })
    const session = await manager.open(old)
    tapped.afterApply = unreachable
    await assert.rejects(session.login("anna"), UNAVAILABLE)
    tapped.afterApply = () => undefined
    await session.login("anna")
    assert.equal(await storedValue(manager, tokenOf(session), "cart"), 1)
    assert.equal(await opens(manager, old), false)
  })

  it("G6: after a failed save, discard() shows again what is stored", async t => {
    const { tapped, tappedManager } = await trial(t)
    const manager = tappedManager()
    const session = await manager.open(await begin(manager, { a: 1, b: 1 }))
    session.set("a", 2).set("c", 2).delete("b")
    tapped.beforeApply = unreachable
    await assert.rejects(session.save(), UNAVAILABLE)
    session.discard()
    assert.deepEqual(
      session.keys().map(key => [key, session.get(key)]),
      [
        ["a", 1],
        ["b", 1],
      ],
    )
  })

  it("G6: a commit waits for a save that the handler has not awaited, and fails with it", async t => {
    const { tapped, tappedManager } = await trial(t)
    const manager = tappedManager()
    const session = await manager.open(await begin(manager))
    tapped.beforeApply = async () => {
      await settled()
      unreachable()
    }
    const unawaited = session
      .set("a", 2)
      .save()
      .catch((error: unknown) => error)
    assert.equal(stateOf(session).dirty, true, "the response has to wait")
    await assert.rejects(session.save(), UNAVAILABLE)
    assert.equal((await unawaited) instanceof Error, true)
  })

  it("G6: a commit waits for a login that the handler has not awaited", async t => {
    const { tapped, tappedManager } = await trial(t)
    const manager = tappedManager()
    const session = await manager.open(undefined)
    tapped.beforeApply = settled
    const unawaited = session.login("anna")
    assert.equal(stateOf(session).dirty, true, "the response has to wait")
    await session.save()
    assert.equal((await manager.open(tokenOf(session))).userId, "anna")
    await unawaited
  })

  it("G6: a change made while a save is in flight is part of the next save", async t => {
    const { tapped, tappedManager } = await trial(t)
    const manager = tappedManager()
    const token = await begin(manager, { a: 1, b: 1 })
    const session = await manager.open(token)
    tapped.beforeApply = settled
    const first = session.set("a", 2).save()
    session.set("a", 3).delete("b")
    session.setLabel("second")
    await first
    assert.deepEqual([await storedValue(manager, token, "a"), await storedValue(manager, token, "b")], [2, 1])
    await session.save()
    const after = await manager.open(token)
    assert.deepEqual([after.get("a"), after.has("b"), after.client.label], [3, false, "second"])
  })
})
