import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { stores } from "./stores.ts"
import { begin, deliveryOf, settled, tokenOf, trial } from "./trial.ts"

for (const kind of stores) {
  describe(`no trace of anonymous requests, on ${kind.name}`, () => {
    it("G8: a visitor without a token causes no read, no write and no token, whatever is asked of the session", async t => {
      const { tapped, tappedManager } = await trial(t, kind)
      const manager = tappedManager({ rotateEvery: "1m" })
      const session = await manager.open(undefined, { client: { address: "192.0.2.1" } })
      session.get("a")
      session.flashes()
      session.clear()
      session.set("a", 1).delete("a")
      session.set("b", 1)
      session.discard()
      session.setLabel("nobody")
      session.setLifetime({ persistent: true })
      await session.take("a")
      await session.rotate()
      await session.logout()
      await session.save()
      assert.deepEqual([tapped.finds, tapped.applies], [[], []])
      assert.equal(deliveryOf(session), undefined)
      assert.equal(await manager.countLive(), 0)
    })

    it("G8: what is no token is refused without reading the store, and the client is told to forget it", async t => {
      const { tapped, tappedManager } = await trial(t, kind)
      const manager = tappedManager()
      for (const text of [
        "",
        "x",
        "../../etc/passwd",
        "A".repeat(66),
        `${"A".repeat(22)}.${"é".repeat(43)}`,
      ]) {
        const session = await manager.open(text)
        assert.equal(session.isStored, false)
        assert.deepEqual(deliveryOf(session), { kind: "clear" })
      }
      assert.deepEqual(tapped.finds, [])
    })

    it("G8: the first value that is stored makes one record and one token", async t => {
      const { tapped, tappedManager } = await trial(t, kind)
      const manager = tappedManager()
      const session = await manager.open(undefined)
      await session.set("a", 1).save()
      assert.equal(tokenOf(session).slice(0, 22), session.id)
      assert.equal(tapped.changes.length, 1)
      assert.equal(await manager.countLive(), 1)
    })
  })
}

describe("no trace of anonymous requests", () => {
  it("G8: a lazily opened session reads nothing until it is loaded", async t => {
    const { tapped, tappedManager } = await trial(t)
    const manager = tappedManager()
    const token = await begin(manager, { a: 1 })
    tapped.applies.length = 0
    const session = await manager.open(token, { lazy: true })
    await session.save()
    await settled()
    assert.deepEqual([tapped.finds, tapped.applies], [[], []])
    await session.load()
    assert.equal(session.get("a"), 1)
    assert.equal(tapped.finds.length, 1)
  })
})
