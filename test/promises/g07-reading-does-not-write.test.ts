import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { storesAndNearCaches } from "./stores.ts"
import { unreachable } from "./tapped-store.ts"
import { begin, logIn, opens, settled, times, trial } from "./trial.ts"

for (const kind of storesAndNearCaches) {
  describe(`reading does not write, on ${kind.name}`, () => {
    it("G7: a request that changes nothing costs no store write", async t => {
      const { tapped, tappedManager } = await trial(t, kind)
      const manager = tappedManager()
      const token = await begin(manager, { a: 1 })
      tapped.applies.length = 0
      for (const _ of times(20, () => 0)) {
        const session = await manager.open(token)
        session.get("a")
        session.keys()
        session.flashes()
        session.delete("missing")
        await session.take("missing")
        await session.save()
      }
      assert.deepEqual(tapped.changes, [])
    })

    it("G7: last-seen times are gathered: 300 uses of three sessions become three touches in two calls at most", async t => {
      const { clock, tapped, tappedManager } = await trial(t, kind)
      const manager = tappedManager()
      const tokens = await Promise.all(["anna", "bob", "carol"].map(user => logIn(manager, user)))
      tapped.applies.length = 0
      for (const index of times(300, each => each)) {
        clock.advance(10)
        await manager.open(tokens[index % 3])
      }
      assert.equal(await manager.countOnline({ within: "1s" }), 3)
      assert.deepEqual(
        tapped.applies.flat().map(({ kind }) => kind),
        ["touch", "touch", "touch"],
      )
      assert.ok(tapped.applies.length <= 2, "the first may leave alone; the rest goes in one batch")
    })

    it("G7: a gathered use is stored by close()", async t => {
      const { clock, tapped, tappedManager } = await trial(t, kind)
      const manager = tappedManager()
      const token = await begin(manager)
      clock.advance(5_000)
      await manager.open(token)
      await manager.close()
      const touch = tapped.changes.at(-1)
      assert.equal(touch?.kind, "touch")
      assert.equal(touch.seen.at, clock.now())
    })
  })
}

describe("reading does not write", () => {
  it("G7: one request with many changes costs one write", async t => {
    const { tapped, tappedManager } = await trial(t)
    const manager = tappedManager()
    const session = await manager.open(await begin(manager, { a: 1, b: 1 }))
    tapped.applies.length = 0
    session.set("a", 2).set("c", 3).delete("b")
    session.flash("saved")
    session.setLabel("laptop")
    await session.save()
    await session.save()
    assert.deepEqual(
      tapped.changes.map(({ kind }) => kind),
      ["patch"],
    )
  })

  it("G7: a change leaves its use to the batch that gathers it already, so that it writes the data alone", async t => {
    const { clock, tapped, tappedManager } = await trial(t)
    const manager = tappedManager()
    const session = await manager.open(await begin(manager))
    clock.advance(1)
    tapped.applies.length = 0
    await session.set("a", 2).save()
    const [patch] = tapped.changes
    assert.ok(patch?.kind === "patch" && patch.seen === undefined)
    await manager.close()
    const touch = tapped.changes.at(-1)
    assert.ok(touch?.kind === "touch")
    assert.equal(touch.seen.at, clock.now())
  })

  it("G7: a change by a request that is no use leaves what another one has gathered", async t => {
    const { clock, tapped, tappedManager } = await trial(t)
    const manager = tappedManager()
    const token = await begin(manager)
    clock.advance(1_000)
    await manager.open(token)
    const poll = await manager.open(token, { touch: false })
    await poll.set("a", 2).save()
    await manager.close()
    const touch = tapped.changes.at(-1)
    assert.equal(touch?.kind, "touch")
    assert.equal(touch.seen.at, clock.now())
  })

  it("G7: what a failing store did not take is kept for the next batch, and told once", async t => {
    const { clock, tapped, tappedManager } = await trial(t)
    const manager = tappedManager()
    const token = await logIn(manager, "anna")
    const failures: unknown[] = []
    manager.on("storeError", ({ operation }) => failures.push(operation))
    clock.advance(60_000)
    await manager.open(token)
    tapped.beforeApply = unreachable
    assert.equal(await manager.countOnline({ within: "1s" }), 0)
    tapped.beforeApply = () => undefined
    assert.equal(await manager.countOnline({ within: "1s" }), 1)
    assert.deepEqual(failures, ["touch"])
  })

  it("G7: gathered uses are sent by themselves after touchInterval", async t => {
    const { clock, store, tappedManager } = await trial(t)
    const manager = tappedManager({ touchInterval: 10 })
    const token = await logIn(manager, "anna")
    clock.advance(60_000)
    await manager.open(token)
    await new Promise(resolve => setTimeout(resolve, 30))
    await settled()
    assert.equal(await store.countUsersSeen(clock.now()), 1)
    assert.equal(await opens(manager, token), true)
  })
})
