import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { SessionManager } from "../../src/core/manager.ts"
import { stores } from "../promises/stores.ts"
import { begin, code, logIn, settled, storedValue, times, trial } from "../promises/trial.ts"

const CLOSED = code("ERR_SESSION_CLOSED")

for (const kind of stores) {
  describe(`close(), on ${kind.name}`, () => {
    it("may be called again, also at once, and is the end of every call", async t => {
      const { tapped, tappedManager } = await trial(t, kind)
      const manager = tappedManager()
      const token = await begin(manager)
      const session = await manager.open(token)
      let closed = 0
      const close = tapped.close.bind(tapped)
      tapped.close = () => {
        closed++
        return close()
      }
      await Promise.all([manager.close(), manager.close()])
      await manager.close()
      assert.equal(closed, 1)
      const calls = [
        () => manager.open(token),
        () => manager.open(undefined),
        () => manager.find(session.id),
        () => manager.list("anna"),
        () => manager.revoke(session.id),
        () => manager.revokeAll(),
        () => manager.countOnline({ within: "5m" }),
        () => manager.sweep(),
        () => manager.startSweeping(),
        () => session.set("a", 2).save(),
        () => session.update("a", () => 2),
        () => session.login("anna"),
        () => session.logout(),
      ]
      for (const call of calls) await assert.rejects(async () => await call(), CLOSED)
    })
  })
}

for (const kind of stores.filter(({ name }) => name !== "memory")) {
  it(`a manager over a reopened ${kind.name} store goes on where the closed one ended`, async t => {
    const { clock, place, manager: make } = await trial(t, kind)
    const first = make()
    const token = await logIn(first, "anna", { a: 1 })
    clock.advance(60_000)
    await first.open(token)
    await first.close()
    await using second = new SessionManager(await kind.open(clock.now, place), { now: clock.now })
    assert.equal(await storedValue(second, token, "a"), 1)
    assert.equal((await second.find(token.slice(0, 22)))?.lastSeenAt, clock.now())
  })
}

describe("close()", () => {
  it("waits for what is under way, which is still acknowledged", async t => {
    const { tapped, tappedManager, manager } = await trial(t)
    const closing = tappedManager()
    const token = await begin(closing)
    const sessions = await Promise.all(times(10, () => closing.open(token)))
    tapped.beforeApply = settled
    const saving = sessions.map((session, index) => session.set(`k${index}`, index).save())
    await settled()
    const closed = closing.close()
    await Promise.all(saving)
    await closed
    assert.throws(() => manager().open(token), CLOSED)
    assert.equal(tapped.changes.filter(({ kind }) => kind === "patch").length, 10)
  })

  it("stores the use of a session that was being opened", async t => {
    const { clock, tapped, tappedManager } = await trial(t)
    const manager = tappedManager()
    const token = await begin(manager)
    clock.advance(1_000)
    tapped.beforeFind = settled
    const opening = manager.open(token)
    await manager.close()
    await opening
    const touch = tapped.changes.at(-1)
    assert.equal(touch?.kind, "touch")
    assert.equal(touch.seen.at, clock.now())
  })

  it("is what `await using` calls", async t => {
    const { tapped, tappedManager } = await trial(t)
    let closed = false
    const close = tapped.close.bind(tapped)
    tapped.close = async () => {
      closed = true
      await close()
    }
    {
      await using manager = tappedManager()
      await begin(manager)
    }
    assert.equal(closed, true)
  })
})
