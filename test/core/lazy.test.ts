import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { begin, code, deliveryOf, tokenOf, trial } from "../promises/trial.ts"

const NOT_LOADED = code("ERR_SESSION_NOT_LOADED")

describe("a lazily opened session", () => {
  it("refuses to be read or changed before it is loaded", async t => {
    const manager = (await trial(t)).manager()
    const session = await manager.open(await begin(manager), { lazy: true })
    const uses: (() => unknown)[] = [
      () => session.id,
      () => session.isStored,
      () => session.userId,
      () => session.info,
      () => session.get("a"),
      () => session.has("a"),
      () => session.keys(),
      () => session.set("a", 2),
      () => session.delete("a"),
      () => session.flashes(),
      () => session.login("anna"),
      () => session.logout(),
      () => session.revokeOthers(),
      () => session.update("a", () => 2),
    ]
    for (const use of uses) await assert.rejects(async () => await use(), NOT_LOADED)
    assert.equal((await session.load()).get("a"), 1)
  })

  it("is read once, however often and at once it is loaded", async t => {
    const { tapped, tappedManager } = await trial(t)
    const manager = tappedManager()
    const session = await manager.open(await begin(manager), { lazy: true })
    await Promise.all([session.load(), session.load()])
    await session.load()
    assert.equal(tapped.finds.length, 1)
    await session.set("a", 2).save()
    assert.equal((await session.load()).get("a"), 2)
  })

  it("without a token is there at once", async t => {
    const session = await (await trial(t)).manager().open(undefined, { lazy: true })
    await session.set("a", 1).save()
    assert.equal(tokenOf(session).length, 66)
  })

  it("with what is no token is an empty one once it is loaded, and the client is told to forget it", async t => {
    const { tapped, tappedManager } = await trial(t)
    const manager = tappedManager()
    const refusals: string[] = []
    manager.on("refused", ({ reason }) => refusals.push(reason))
    const session = await manager.open("no token", { lazy: true })
    await session.load()
    assert.equal(session.isStored, false)
    assert.deepEqual([deliveryOf(session), refusals, tapped.finds], [{ kind: "clear" }, ["malformed"], []])
  })

  it("is a use of the session only when it is loaded", async t => {
    const { clock, tapped, tappedManager } = await trial(t)
    const manager = tappedManager({ idleTimeout: 10_000 })
    const token = await begin(manager)
    clock.advance(9_000)
    tapped.applies.length = 0
    const session = await manager.open(token, { lazy: true })
    assert.equal(tapped.changes.length, 0)
    await session.load()
    assert.equal(tapped.changes.length, 1)
  })
})
