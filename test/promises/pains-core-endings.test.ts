import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { stores } from "./stores.ts"
import {
  begin,
  code,
  logIn,
  opens,
  secretOf,
  storedValue,
  times,
  tokenOf,
  touchesStored,
  trial,
} from "./trial.ts"

/** What users of other libraries suffered from, by library and thread, about users, tokens and endings. */
for (const kind of stores) {
  describe(`what users of other libraries suffer from, on ${kind.name}`, () => {
    it("es#865, es#504, cr#210, pg#195, ba#1916: a user's sessions can be listed, limited and ended", async t => {
      const { clock, manager: make } = await trial(t, kind)
      const manager = make({ maxSessionsPerUser: 2 })
      const tokens: string[] = []
      for (const _ of times(3, () => 0)) {
        tokens.push(await logIn(manager, "anna"))
        clock.advance(1)
      }
      const listed = (await manager.list("anna")).map(({ id }) => id)
      assert.deepEqual(
        listed,
        tokens.slice(1).map(token => token.slice(0, 22)),
      )
      assert.equal((await manager.revokeUser("anna")).length, 2)
      assert.deepEqual(await manager.list("anna"), [])
    })

    it("ba#6893, ba#5144, iron-session#530, redisson#1432: a revoked session is refused from the very next request on", async t => {
      const { manager: make } = await trial(t, kind)
      const [one, two] = [make(), make()]
      const token = await logIn(one, "anna")
      for (const _ of times(5, () => 0)) assert.equal(await opens(two, token), true)
      await one.revoke(token.slice(0, 22))
      assert.deepEqual([await opens(one, token), await opens(two, token)], [false, false])
    })

    it("es#721, scs#257: what the store holds of a token does not make one", async t => {
      const { manager: make, store } = await trial(t, kind)
      const manager = make()
      const token = await logIn(manager, "anna")
      const [record] = await store.find([token.slice(0, 22)])
      assert.ok(record)
      assert.equal(Object.values(record).includes(secretOf(token)), false)
      assert.equal(await opens(manager, `${record.id}.${record.secretHash}`), false)
    })

    it("gorilla/sessions#16, #211, #249: a damaged or foreign cookie is an anonymous request, never an error", async t => {
      const manager = (await trial(t, kind)).manager()
      const token = await begin(manager)
      const damaged = [
        "",
        token.slice(1),
        `${token}x`,
        token.replace(".", ","),
        `${token.slice(0, 65)}\u0000`,
        "MTcwMDAwMDAwMHxleUptYjI4aU9pSmlZWElpZlFvPXwhwPuCXl3dTWKGcBDrZr2ePRYSoiuqgws87ick2",
        "s%3Aabc.def",
      ]
      for (const text of damaged) {
        const session = await manager.open(text)
        assert.equal(session.isStored, false)
        await session.set("a", 1).save()
        assert.equal(await opens(manager, tokenOf(session)), true)
      }
    })

    it("gorilla/sessions#275: an id that is a path gets nowhere near the store", async t => {
      const { tapped, tappedManager } = await trial(t, kind)
      const manager = tappedManager()
      for (const id of ["../../../../etc/passwd", "..%2f..%2f..%2fetc%2fpwd", "C:\\Windows\\win.ini.txt"]) {
        await manager.open(`${id.slice(0, 22)}.${"A".repeat(43)}`)
        assert.equal(await manager.find(id.slice(0, 22)), undefined)
        assert.equal(await manager.revoke(id.slice(0, 22)), false)
      }
      assert.deepEqual(tapped.finds, [])
    })

    it("spring-session#2230, #2869, #1843: each expired session is told once, and leaves nothing in the user's index", async t => {
      const { clock, manager: make } = await trial(t, kind)
      const manager = make({ idleTimeout: 1_000, maxSessionsPerUser: 5, onUserLimit: "refuse" })
      const expired: string[] = []
      manager.on("expired", ({ id }) => expired.push(id))
      await Promise.all(times(5, () => logIn(manager, "anna")))
      clock.advance(1_000)
      assert.deepEqual([await manager.list("anna"), await manager.countOf("anna")], [[], 0])
      await logIn(manager, "anna")
      assert.equal(await manager.sweep(), 5)
      assert.deepEqual([new Set(expired).size, expired.length], [5, 5])
      assert.equal(await manager.countOf("anna"), 1)
    })

    it("spring-session#1111, #2021, #3347: a late write leaves no part of an ended session behind", async t => {
      const { clock, manager: make, store } = await trial(t, kind)
      const manager = make({ idleTimeout: 1_000 })
      const token = await logIn(manager, "anna", { a: 1 })
      const late = await manager.open(token)
      clock.advance(1_000)
      await assert.rejects(late.set("b", 1).save(), code("ERR_SESSION_GONE"))
      await assert.rejects(
        late.update("b", () => 1),
        code("ERR_SESSION_GONE"),
      )
      await manager.sweep()
      assert.deepEqual(await store.find([token.slice(0, 22)]), [undefined])
      assert.deepEqual([await store.countLive(), await store.countByUser("anna")], [0, 0])
    })

    it("aspnetcore#13117, #64301: validating a session does not extend it", async t => {
      const { clock, manager: make } = await trial(t, kind)
      const manager = make({ idleTimeout: 10_000 })
      const token = await logIn(manager, "anna")
      for (const _ of times(4, () => 0)) {
        clock.advance(2_499)
        assert.equal((await manager.open(token, { touch: false })).isStored, true)
        await manager.find(token.slice(0, 22))
        await touchesStored(manager)
      }
      clock.advance(4)
      assert.equal(await opens(manager, token), false)
    })

    it("gopgsession: deleting a key and setting it again in one request keeps the new value", async t => {
      const manager = (await trial(t, kind)).manager()
      const token = await begin(manager, { a: 1 })
      const session = await manager.open(token)
      session.delete("a")
      await session.set("a", 2).save()
      assert.equal(await storedValue(manager, token, "a"), 2)
    })

    it("gopgsession: a value that one request holds cannot be changed behind another's back", async t => {
      const manager = (await trial(t, kind)).manager()
      const token = await begin(manager, { cart: { items: [1] } })
      const cart = (await manager.open(token)).get("cart") as { items: number[] }
      assert.throws(() => cart.items.push(2), TypeError)
      assert.deepEqual(await storedValue(manager, token, "cart"), { items: [1] })
    })

    it("gopgsession: the last access never moves backwards", async t => {
      const { clock, manager: make } = await trial(t, kind)
      const [one, two] = [make(), make()]
      const token = await logIn(one, "anna")
      await one.open(token)
      clock.advance(5_000)
      await two.open(token)
      await touchesStored(two)
      await touchesStored(one)
      assert.equal((await one.find(token.slice(0, 22)))?.lastSeenAt, clock.now())
    })

    it("gopgsession: a use that has not been flushed does not let the session be swept", async t => {
      const { clock, manager: make } = await trial(t, kind)
      const manager = make({ idleTimeout: "10m", touchInterval: "30s" })
      const token = await begin(manager)
      clock.advance(599_999)
      await manager.open(token)
      await touchesStored(manager)
      clock.advance(1)
      assert.equal(await manager.sweep(), 0)
      assert.equal(await opens(manager, token), true)
    })

    it("gopgsession: closing twice is no crash", async t => {
      const manager = (await trial(t, kind)).manager()
      const token = await begin(manager)
      await Promise.all([manager.close(), manager.close()])
      await manager.close()
      await assert.rejects(async () => await manager.open(token), code("ERR_SESSION_CLOSED"))
    })
  })
}
