import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { stores } from "../promises/stores.ts"
import { begin, times, trial } from "../promises/trial.ts"

describe("take()", () => {
  for (const kind of stores) {
    it(`gives the value to exactly one of 50 concurrent takers, on ${kind.name}`, async t => {
      const manager = (await trial(t, kind)).manager()
      const token = await begin(manager, { code: "once", other: 1 })
      const sessions = await Promise.all(times(50, () => manager.open(token)))
      const taken = await Promise.all(sessions.map(session => session.take("code")))
      assert.deepEqual(
        taken.filter(value => value !== undefined),
        ["once"],
      )
      assert.deepEqual((await manager.open(token)).keys(), ["other"])
    })
  }

  it("gives the value to exactly one taker over two managers", async t => {
    const { manager } = await trial(t)
    const [one, two] = [manager(), manager()]
    const token = await begin(one, { code: "once" })
    const sessions = await Promise.all(times(20, index => (index % 2 ? one : two).open(token)))
    const taken = await Promise.all(sessions.map(session => session.take("code")))
    assert.equal(taken.filter(value => value === "once").length, 1)
  })

  it("gives undefined for a key that is not there, or whose own life has ended, and then writes nothing", async t => {
    const { clock, tapped, tappedManager } = await trial(t)
    const manager = tappedManager()
    const session = await manager.open(await begin(manager))
    await session.set("code", 1, { expiresIn: 1_000 }).save()
    clock.advance(1_000)
    tapped.applies.length = 0
    assert.equal(await session.take("code"), undefined)
    assert.equal(await session.take("missing"), undefined)
    const written = tapped.changes.flatMap(change => (change.kind === "patch" ? [...change.unset] : []))
    assert.ok(!written.includes("missing"))
  })

  it("takes what this request has set and not saved; nothing of it is stored later", async t => {
    const { tapped, tappedManager } = await trial(t)
    const manager = tappedManager()
    const session = await manager.open(await begin(manager))
    session.set("code", "unsaved")
    tapped.applies.length = 0
    assert.equal(await session.take("code"), "unsaved")
    await session.save()
    assert.deepEqual(tapped.changes, [])
    assert.equal(session.has("code"), false)
  })

  it("works on a session that is not stored", async t => {
    const session = await (await trial(t)).manager().open(undefined)
    session.set("code", 1)
    assert.deepEqual([await session.take("code"), await session.take("code")], [1, undefined])
  })
})
