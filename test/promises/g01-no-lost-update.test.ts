import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { redisCluster } from "./redis-kinds.ts"
import { storesAndNearCaches } from "./stores.ts"
import { begin, code, logIn, storedValue, times, tokenOf, trial } from "./trial.ts"

for (const kind of [...storesAndNearCaches, redisCluster]) {
  describe(`no lost update, on ${kind.name}`, () => {
    it("G1: 200 concurrent requests with one token each set another key, and all 200 survive", async t => {
      const manager = (await trial(t, kind)).manager()
      const token = await begin(manager, { first: "kept" })
      const sessions = await Promise.all(times(200, () => manager.open(token)))
      await Promise.all(sessions.map((session, index) => session.set(`key${index}`, index).save()))
      const after = await manager.open(token)
      assert.deepEqual(
        times(200, index => after.get(`key${index}`)),
        times(200, index => index),
      )
      assert.equal(after.get("first"), "kept")
      assert.equal(after.keys().length, 201)
    })

    it("G1: of concurrent changes to the same key the last one saved wins, and no other key is touched", async t => {
      const manager = (await trial(t, kind)).manager()
      const token = await begin(manager, { key: "old", other: "kept" })
      const [first, second] = [await manager.open(token), await manager.open(token)]
      await second.set("key", "second").save()
      await first.set("key", "first").save()
      assert.equal(await storedValue(manager, token, "key"), "first")
      assert.equal(await storedValue(manager, token, "other"), "kept")
    })

    it("G1: a deletion and another key's change by concurrent requests both hold", async t => {
      const manager = (await trial(t, kind)).manager()
      const token = await begin(manager, { gone: 1, kept: 1 })
      const [first, second] = [await manager.open(token), await manager.open(token)]
      first.delete("gone")
      second.set("new", 1)
      await Promise.all([first.save(), second.save()])
      assert.deepEqual((await manager.open(token)).keys().sort(), ["kept", "new"])
    })

    it("G1: 1,000 concurrent update() calls count to exactly 1,000", async t => {
      const manager = (await trial(t, kind)).manager()
      const token = await begin(manager, { count: 0 })
      const sessions = await Promise.all(times(50, () => manager.open(token)))
      const increments = times(1_000, index => sessions[index % 50]?.update("count", n => Number(n ?? 0) + 1))
      const results = await Promise.all(increments)
      assert.equal(await storedValue(manager, token, "count"), 1_000)
      assert.equal(new Set(results).size, 1_000, "each update saw what no other saw")
    })

    it("G1: two managers over one store, as two processes have them, count to exactly 200", async t => {
      const place = await trial(t, kind)
      const [one, two] = [place.manager(), place.manager()]
      const token = await begin(one, { count: 0 })
      const sessions = await Promise.all(times(20, index => (index % 2 ? one : two).open(token)))
      await Promise.all(times(200, index => sessions[index % 20]?.update("count", n => Number(n ?? 0) + 1)))
      assert.equal(await storedValue(one, token, "count"), 200)
    })

    it("G1: update() keeps what concurrent set() calls store meanwhile", async t => {
      const manager = (await trial(t, kind)).manager()
      const token = await begin(manager, { count: 0 })
      await Promise.all(
        times(60, async index => {
          const session = await manager.open(token)
          if (index % 2) await session.set(`key${index}`, index).save()
          else await session.update("count", n => Number(n ?? 0) + 1)
        }),
      )
      const after = await manager.open(token)
      assert.equal(after.get("count"), 30)
      assert.equal(after.keys().length, 31)
    })
  })
}

describe("no lost update", () => {
  it("G1: update() that always meets another change gives up with ERR_SESSION_CONFLICT after limits.maxRetries", async t => {
    const { tapped, tappedManager, manager } = await trial(t)
    const patient = tappedManager({ limits: { maxRetries: 3 } })
    const token = await begin(patient, { count: 0 })
    const session = await patient.open(token)
    const rival = await manager().open(token)
    let rivalries = 0
    tapped.beforeApply = async () => {
      rivalries++
      await rival.set("rival", rivalries).save()
    }
    await assert.rejects(
      session.update("count", n => Number(n) + 1),
      code("ERR_SESSION_CONFLICT"),
    )
    assert.equal(rivalries, 4)
    assert.equal(await storedValue(patient, token, "count"), 0)
  })

  it("G1: update() computes from the newest value, not from the one its request has read", async t => {
    const manager = (await trial(t)).manager()
    const token = await begin(manager, { list: ["a"] })
    const early = await manager.open(token)
    await (await manager.open(token)).set("list", ["a", "b"]).save()
    const list = await early.update("list", value => [...(value as string[]), "c"])
    assert.deepEqual(list, ["a", "b", "c"])
    assert.deepEqual(early.get("list"), ["a", "b", "c"])
  })

  it("G1: update() includes what this request has set and not saved, and what it has set elsewhere stays gathered", async t => {
    const manager = (await trial(t)).manager()
    const token = await begin(manager, { count: 1 })
    const session = await manager.open(token)
    session.set("count", 10).set("other", true)
    assert.equal(await session.update("count", n => Number(n) + 1), 11)
    assert.equal(await storedValue(manager, token, "other"), undefined)
    await session.save()
    assert.equal(await storedValue(manager, token, "count"), 11)
    assert.equal(await storedValue(manager, token, "other"), true)
  })

  it("G1: update() during another request's login is refused, and counts nothing", async t => {
    const { tapped, tappedManager, manager } = await trial(t)
    const slow = tappedManager()
    const token = await begin(slow, { count: 0 })
    const session = await slow.open(token)
    const rival = await manager().open(token)
    tapped.beforeApply = async () => {
      tapped.beforeApply = () => undefined
      await rival.login("anna")
    }
    await assert.rejects(
      session.update("count", n => Number(n) + 1),
      code("ERR_SESSION_CONFLICT"),
    )
    assert.equal(await storedValue(slow, tokenOf(rival), "count"), 0)
  })

  it("G1: a change function is synchronous: a promise is refused, and the session goes on", async t => {
    const manager = (await trial(t)).manager()
    const session = await manager.open(await logIn(manager, "anna", { count: 0 }))
    const asynchronous = async () => {
      await session.save()
      return 1
    }
    await assert.rejects(session.update("count", asynchronous), code("ERR_SESSION_NOT_SERIALIZABLE"))
    assert.equal(await session.update("count", n => Number(n) + 1), 1)
  })
})
