import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { Redis } from "ioredis"
import { eventually } from "../services/eventually.ts"
import {
  countersOf,
  hears,
  lastServed,
  nodesOver,
  nodeThrough,
  remembers,
  STORE_TIMEOUT,
  storedOn,
  userAt,
} from "./nodes.ts"
import { postgres } from "./postgres-kind.ts"
import { redis, redisCluster } from "./redis-kinds.ts"
import { code, logIn, times, trial } from "./trial.ts"

/** What users of other libraries suffered from, by library and thread, about several nodes and their memory. */
for (const kind of [postgres, redis, redisCluster]) {
  describe(`what users of other libraries suffer from on several nodes, on ${kind.name}`, () => {
    it("ba#6893, ba#5144, iron-session#530, redisson#1432: a session that another node remembers is refused there once it is revoked", async t => {
      const nodes = await nodesOver(t, kind)
      const [here, there] = [await nodes.node(), await nodes.node()]
      const token = await logIn(here, "anna")
      await remembers(there, token)
      await here.revoke(token.slice(0, 22))
      await lastServed(there, token, performance.now())
      assert.equal(await userAt(there, token), undefined)
    })

    it("es#360, es#167, es#309, es#660: the request after a redirect finds on another node what was stored before it", async t => {
      const nodes = await nodesOver(t, kind)
      const [here, there] = [await nodes.node(), await nodes.node()]
      const token = await logIn(here, "anna")
      await remembers(there, token)
      for (const round of times(20, index => index)) {
        const { version } = await storedOn(here, token, "round", round)
        assert.equal((await there.open(token, { version })).get("round"), round)
      }
    })

    it("gopgsession: a read that a revocation overtakes puts nothing stale into memory", async t => {
      const { tapped, manager, tappedManager } = await trial(t, { ...kind, hasNearCache: true })
      const [here, there] = [manager(), tappedManager()]
      await hears(there)
      const token = await logIn(here, "anna")
      const { noticesReceived = 0 } = countersOf(there)
      let answer = () => {}
      const read = new Promise<void>(resolve => {
        tapped.afterFind = () => {
          tapped.afterFind = () => undefined
          resolve()
          return new Promise(release => (answer = release))
        }
      })
      const opening = there.open(token)
      await read
      await here.revoke(token.slice(0, 22))
      await eventually("the notice", () => Number(countersOf(there)["noticesReceived"]) > noticesReceived)
      answer()
      assert.equal((await opening).isStored, false)
      assert.equal((await there.open(token)).isStored, false)
    })

    it("spring-session#2230, #2869, #1843: of two nodes that sweep at once each expired session is told by one", async t => {
      const { clock, place, manager } = await trial(t, kind)
      const nodes = [manager({ idleTimeout: 1_000 }), manager({ idleTimeout: 1_000 })]
      const told: string[] = []
      for (const node of nodes) node.on("expired", ({ id }) => told.push(id))
      const [first] = nodes
      assert.ok(first)
      const tokens = await Promise.all(times(200, index => logIn(first, `user${index % 5}`)))
      clock.advance(1_000)
      const swept = await Promise.all(nodes.map(node => node.sweep()))
      assert.equal(
        swept.reduce((sum, each) => sum + each, 0),
        200,
      )
      assert.deepEqual(told.sort(), tokens.map(token => token.slice(0, 22)).sort())
      assert.equal((await kind.dump?.(place))?.includes("user1"), false, "no index has one left")
    })
  })
}

for (const kind of [postgres, redis]) {
  describe(`what users of other libraries suffer from when the network fails, on ${kind.name}`, () => {
    it("cr#88, cr#373: while the server is away a request gets a typed error in time, and afterwards its session", async t => {
      const nodes = await nodesOver(t, kind)
      const { far, proxy } = await nodeThrough(t, nodes, "everything")
      const token = await logIn(await nodes.node(), "anna")
      proxy.refuse()
      proxy.cut()
      await assert.rejects(async () => await far.open(token), {
        code: /^ERR_SESSION_STORE_(UNAVAILABLE|TIMEOUT)$/,
      })
      proxy.heal()
      await eventually("the session again", () =>
        userAt(far, token).then(
          user => user === "anna",
          () => false,
        ),
      )
    })

    it("cr#88, cr#373: a server that is silent is given up at the deadline, and the request is told so", async t => {
      const nodes = await nodesOver(t, kind)
      const { far, proxy } = await nodeThrough(t, nodes, "everything")
      const token = await logIn(await nodes.node(), "anna")
      proxy.halfOpen()
      const begun = performance.now()
      await assert.rejects(async () => await far.open(token), code("ERR_SESSION_STORE_TIMEOUT"))
      const waited = performance.now() - begun
      assert.ok(waited >= STORE_TIMEOUT - 2 && waited < 10 * STORE_TIMEOUT, `it took ${waited.toFixed()} ms`)
      proxy.heal()
    })

    it("timgit/pg-boss#850, #851: a half-open feed is noticed and opened anew, and the node hears again", async t => {
      const nodes = await nodesOver(t, kind)
      const { far, proxy } = await nodeThrough(t, nodes, "feed")
      assert.equal(countersOf(far)["leaseLosses"], 0)
      proxy.halfOpen()
      await eventually("the loss of the feed", () => countersOf(far)["leaseLosses"] === 1)
      proxy.heal()
      await hears(far)
    })

    it("gopgsession, redisson#1432: what a node has missed while its feed was away it does not serve afterwards", async t => {
      const nodes = await nodesOver(t, kind)
      const here = await nodes.node()
      const { far, proxy } = await nodeThrough(t, nodes, "feed")
      const [ended, changed] = [await logIn(here, "anna"), await logIn(here, "bob")]
      for (const token of [ended, changed]) await remembers(far, token)
      proxy.refuse()
      proxy.cut()
      await here.revoke(ended.slice(0, 22))
      await storedOn(here, changed, "a", "new")
      proxy.heal()
      await hears(far)
      assert.equal(await userAt(far, ended), undefined)
      assert.equal((await far.open(changed)).get("a"), "new")
    })
  })
}

describe("what users of other libraries suffer from, on redis alone", () => {
  /** As when the server evicts it, or its time to live ends, and nobody is told. */
  async function loseKeyOf(id: string): Promise<void> {
    const administrator = new Redis(redis.port)
    const [key = ""] = await administrator.keys(`*:s:${id}`)
    assert.equal(await administrator.unlink(key), 1)
    administrator.disconnect()
  }

  it("spring-session#2230, #2869, #1843: a session whose key the server has dropped leaves the user's index at the next look, and is told by the sweep", async t => {
    const { clock, place, manager: make } = await trial(t, redis)
    const manager = make({ idleTimeout: 1_000 })
    const told: string[] = []
    manager.on("expired", ({ id }) => told.push(id))
    const id = (await logIn(manager, "anna")).slice(0, 22)
    await loseKeyOf(id)
    assert.deepEqual([await manager.list("anna"), await manager.countOf("anna")], [[], 0])
    clock.advance(1_000)
    assert.equal(await manager.sweep(), 1)
    assert.deepEqual(told, [id])
    assert.equal(await redis.dump?.(place), "", "nothing is left of it")
  })

  it("spring-session#1111, #2021, #3347: no write brings a part of a session back whose key the server has dropped", async t => {
    const { place, manager: make } = await trial(t, redis)
    const manager = make()
    const late = await manager.open(await logIn(manager, "anna", { a: 1 }))
    await loseKeyOf(late.id)
    await assert.rejects(late.set("b", 1).save(), code("ERR_SESSION_GONE"))
    await assert.rejects(late.rotate(), code("ERR_SESSION_GONE"))
    assert.equal((await redis.dump?.(place))?.includes(`s:${late.id}`), false)
  })
})
