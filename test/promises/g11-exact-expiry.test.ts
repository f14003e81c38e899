import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { storesAndNearCaches } from "./stores.ts"
import { begin, changesStored, logIn, opens, storedValue, tokenOf, touchesStored, trial } from "./trial.ts"

const SECOND = 1_000
const HOUR = 3_600 * SECOND

for (const kind of storesAndNearCaches) {
  describe(`expiry is exact at read, on ${kind.name}`, () => {
    it("G11: an unused session lives until the last millisecond of its idle timeout, and not one longer", async t => {
      const { clock, manager: make } = await trial(t, kind)
      const manager = make({ idleTimeout: 10 * SECOND })
      const id = (await logIn(manager, "anna")).slice(0, 22)
      clock.advance(10 * SECOND - 1)
      assert.equal((await manager.find(id))?.id, id)
      assert.equal((await manager.list("anna")).length, 1)
      clock.advance(1)
      assert.equal(await manager.find(id), undefined)
      assert.deepEqual(await manager.list("anna"), [])
      assert.equal(await manager.countOf("anna"), 0)
      assert.equal(await manager.countLive(), 0)
    })

    it("G11: a use gives the full idle timeout from that moment, to the millisecond", async t => {
      const { clock, manager: make } = await trial(t, kind)
      const manager = make({ idleTimeout: 10 * SECOND })
      const token = await begin(manager)
      clock.advance(10 * SECOND - 1)
      assert.equal(await opens(manager, token), true)
      await changesStored(manager)
      clock.advance(10 * SECOND - 1)
      assert.equal((await manager.find(token.slice(0, 22)))?.expiresAt, clock.now() + 1)
      clock.advance(1)
      assert.equal(await opens(manager, token), false)
    })

    it("G11: no use lengthens the life beyond the absolute timeout, exact to the millisecond", async t => {
      const { clock, manager: make } = await trial(t, kind)
      const manager = make({ idleTimeout: "30m", absoluteTimeout: "1h" })
      const token = await begin(manager)
      for (const step of [HOUR / 4, HOUR / 4, HOUR / 4, HOUR / 4 - 1]) {
        clock.advance(step)
        assert.equal(await opens(manager, token), true)
        await touchesStored(manager)
      }
      clock.advance(1)
      assert.equal(await opens(manager, token), false)
    })

    it("G11: a request with touch: false, a find and a list are no use: the session ends as if they had not been", async t => {
      const { clock, manager: make } = await trial(t, kind)
      const manager = make({ idleTimeout: 10 * SECOND })
      const token = await logIn(manager, "anna")
      for (const step of [4_000, 4_000, 1_999]) {
        clock.advance(step)
        const poll = await manager.open(token, { touch: false })
        await poll.set("polled", step).save()
        await manager.find(poll.id)
        await manager.list("anna")
        await touchesStored(manager)
      }
      clock.advance(1)
      assert.equal(await opens(manager, token), false)
    })

    it("G11: a key with a life of its own ends at its millisecond, and the session goes on", async t => {
      const { clock, manager: make } = await trial(t, kind)
      const manager = make()
      const session = await manager.open(undefined)
      session.set("code", 123456, { expiresIn: "5m" }).set("other", 1)
      await session.save()
      const token = tokenOf(session)
      clock.advance(300 * SECOND - 1)
      assert.equal(await storedValue(manager, token, "code"), 123456)
      assert.equal(session.get("code"), 123456)
      clock.advance(1)
      const after = await manager.open(token)
      assert.deepEqual([after.get("code"), after.has("code"), after.keys()], [undefined, false, ["other"]])
      assert.equal(session.get("code"), undefined, "the object of a long request sees it end as well")
    })

    it("G11: update() keeps a key's own end, and set() gives it a new one or none", async t => {
      const { clock, manager: make } = await trial(t, kind)
      const manager = make()
      const token = await begin(manager)
      const session = await manager.open(token)
      await session.set("n", 1, { expiresIn: 1_000 }).set("m", 1, { expiresIn: 1_000 }).save()
      clock.advance(999)
      await session.update("n", n => Number(n) + 1)
      await session.set("m", 2).save()
      clock.advance(1)
      assert.deepEqual(
        [await storedValue(manager, token, "n"), await storedValue(manager, token, "m")],
        [undefined, 2],
      )
      assert.equal(await session.update("n", n => n ?? "gone"), "gone")
    })

    it("G11: what has expired is refused before any sweep, which then only reclaims its space", async t => {
      const { clock, manager: make } = await trial(t, kind)
      const manager = make({ idleTimeout: SECOND })
      const token = await begin(manager)
      const expired: string[] = []
      manager.on("expired", ({ id }) => expired.push(id))
      clock.advance(SECOND)
      assert.equal(await opens(manager, token), false)
      assert.deepEqual(expired, [])
      assert.equal(await manager.sweep(), 1)
      assert.deepEqual(expired, [token.slice(0, 22)])
    })
  })
}
