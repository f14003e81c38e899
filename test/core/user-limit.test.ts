import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { stores } from "../promises/stores.ts"
import { code, deliveryOf, logIn, opens, times, tokenOf, trial } from "../promises/trial.ts"

const USER_LIMIT = code("ERR_SESSION_USER_LIMIT")

for (const kind of stores) {
  for (const onUserLimit of ["evict-oldest", "refuse"] as const) {
    it(`20 concurrent logins of one user never leave more than the maximum, with ${onUserLimit}, on ${kind.name}`, async t => {
      const { manager: make } = await trial(t, kind)
      const managers = [make, make].map(each => each({ maxSessionsPerUser: 3, onUserLimit }))
      const [manager] = managers
      assert.ok(manager)
      const logins = times(20, async index => {
        const session = await (managers[index % 2] ?? manager).open(undefined)
        await session.login("anna")
        return tokenOf(session)
      })
      const results = await Promise.allSettled(logins)
      assert.equal(await manager.countOf("anna"), 3)
      const listed = (await manager.list("anna")).map(({ id }) => id)
      const live = results.flatMap(result => (result.status === "fulfilled" ? [result.value] : []))
      assert.ok(live.length >= 3)
      for (const id of listed)
        assert.ok(
          live.some(token => token.startsWith(id)),
          "what is left was acknowledged",
        )
      for (const result of results) {
        if (result.status === "rejected") assert.equal(result.reason.code, "ERR_SESSION_USER_LIMIT")
      }
    })
  }
}

describe("maxSessionsPerUser", () => {
  it("keeps the later of two logins in one millisecond", async t => {
    const manager = (await trial(t)).manager({ maxSessionsPerUser: 1 })
    for (const _ of times(20, each => each)) {
      const session = await manager.open(undefined)
      await session.login("anna")
      assert.deepEqual(
        (await manager.list("anna")).map(({ id }) => id),
        [session.id],
      )
    }
  })

  it('with "evict-oldest", the default, ends the oldest login, says so, and leaves other users alone', async t => {
    const { clock, manager: make } = await trial(t)
    const manager = make({ maxSessionsPerUser: 1 })
    const evicted: unknown[] = []
    const revoked: unknown[] = []
    manager.on("evicted", event => evicted.push(event))
    manager.on("revoked", ({ reason }) => revoked.push(reason))
    const [first, bobs] = [await logIn(manager, "anna"), await logIn(manager, "bob")]
    clock.advance(1)
    const second = await logIn(manager, "anna")
    assert.deepEqual(
      [await opens(manager, first), await opens(manager, second), await opens(manager, bobs)],
      [false, true, true],
    )
    assert.deepEqual(evicted, [{ id: first.slice(0, 22), userId: "anna" }])
    assert.deepEqual(revoked, ["evicted"])
  })

  it('with "refuse" rejects the login with ERR_SESSION_USER_LIMIT and changes nothing', async t => {
    const manager = (await trial(t)).manager({ maxSessionsPerUser: 1, onUserLimit: "refuse" })
    const first = await logIn(manager, "anna")
    const visitor = await manager.open(undefined)
    await visitor.set("cart", 1).save()
    const visitors = tokenOf(visitor)
    await assert.rejects(visitor.login("anna"), USER_LIMIT)
    assert.equal((await manager.open(visitors)).get("cart"), 1)
    assert.equal(await opens(manager, first), true)
    await (await manager.open(first)).logout()
    await visitor.login("anna")
    assert.equal(visitor.userId, "anna")
  })

  it("does not count the session that logs in again", async t => {
    for (const onUserLimit of ["evict-oldest", "refuse"] as const) {
      const manager = (await trial(t)).manager({ maxSessionsPerUser: 1, onUserLimit })
      const session = await manager.open(await logIn(manager, "anna"))
      await session.login("anna", { methods: ["otp"] })
      assert.equal(await opens(manager, tokenOf(session)), true)
    }
  })

  it("does not count sessions that have expired", async t => {
    const { clock, manager: make } = await trial(t)
    const manager = make({ maxSessionsPerUser: 1, onUserLimit: "refuse", idleTimeout: 1_000 })
    await logIn(manager, "anna")
    clock.advance(1_000)
    assert.equal(await opens(manager, await logIn(manager, "anna")), true)
  })

  it("tells a login whose session a concurrent one has evicted already, and clears its cookie", async t => {
    const { clock, tapped, tappedManager, manager } = await trial(t)
    const slow = tappedManager({ maxSessionsPerUser: 1 })
    const session = await slow.open(undefined)
    tapped.beforeIndex = async () => {
      tapped.beforeIndex = () => undefined
      clock.advance(1)
      await logIn(manager({ maxSessionsPerUser: 1 }), "anna")
    }
    await assert.rejects(session.login("anna"), USER_LIMIT)
    assert.deepEqual([session.isStored, deliveryOf(session)], [false, { kind: "clear" }])
    assert.equal(await slow.countOf("anna"), 1)
  })
})
