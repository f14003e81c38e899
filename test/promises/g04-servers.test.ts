import assert from "node:assert/strict"
import { describe, it, type TestContext } from "node:test"
import type { Session, Sessions } from "../../src/index.ts"
import {
  BOUND,
  countersOf,
  lastServed,
  nodesOver,
  nodeThrough,
  remembers,
  STORE_TIMEOUT,
  storedOn,
} from "./nodes.ts"
import { postgres } from "./postgres-kind.ts"
import { redis, redisCluster } from "./redis-kinds.ts"
import { tokenOf } from "./trial.ts"

/** What a busy machine may need beyond a deadline. */
const SLACK = 1_000

interface Given {
  readonly token: string
  /** The request on the node that ends it. */
  readonly session: Session
  readonly userId: string
}

const endings: Readonly<Record<string, (here: Sessions, given: Given) => Promise<unknown>>> = {
  "logout()": (_, { session }) => session.logout(),
  "revoke(id)": (here, { session }) => here.revoke(session.id),
  "revokeUser()": (here, { userId }) => here.revokeUser(userId),
  "revokeExternal()": (here, { userId }) => here.revokeExternal(`sid of ${userId}`),
  "login(), for the old secret": (_, { session, userId }) => session.login(userId),
  "rotate(), for the old secret": (_, { session }) => session.rotate(),
}

let users = 0

/** A session that began on one node, and that another one has in memory. */
async function shared(here: Sessions, there: Sessions): Promise<Given> {
  const userId = `user${++users}`
  const began = await here.open(undefined)
  await began.login(userId, { externalId: `sid of ${userId}` })
  const token = tokenOf(began)
  await remembers(there, token)
  return { token, session: await here.open(token), userId }
}

/** Ends it here; resolves to how long it was served there. */
async function served(there: Sessions, token: string, end: () => Promise<unknown>): Promise<number> {
  await end()
  return await lastServed(there, token, performance.now())
}

const tell = (t: TestContext, worst: number): void =>
  t.diagnostic(`served at most ${worst.toFixed(1)} ms after its end, of ${BOUND} allowed`)

for (const kind of [postgres, redis, redisCluster]) {
  describe(`revoked means revoked on every node, on ${kind.name}`, () => {
    for (const [name, end] of Object.entries(endings)) {
      it(`G4: after ${name} on one node the token is refused on another, within B`, async t => {
        const nodes = await nodesOver(t, kind)
        const [here, there] = [await nodes.node(), await nodes.node()]
        let worst = 0
        for (let round = 0; round < 20; round++) {
          const given = await shared(here, there)
          worst = Math.max(worst, await served(there, given.token, () => end(here, given)))
        }
        tell(t, worst)
      })
    }

    it("G4: after revokeAll() on one node every token is refused on another, within B", async t => {
      const nodes = await nodesOver(t, kind)
      const [here, there] = [await nodes.node(), await nodes.node()]
      const all = [await shared(here, there), await shared(here, there), await shared(here, there)]
      assert.equal(await here.revokeAll(), all.length)
      const since = performance.now()
      const times = await Promise.all(all.map(({ token }) => lastServed(there, token, since)))
      tell(t, Math.max(...times))
    })

    it("G4: the node that revoked refuses the token at once", async t => {
      const nodes = await nodesOver(t, kind)
      const here = await nodes.node()
      for (const end of Object.values(endings)) {
        const given = await shared(here, here)
        assert.equal(await served(here, given.token, () => end(here, given)), 0)
      }
    })
  })
}

for (const kind of [postgres, redis]) {
  describe(`several nodes while the network fails, on ${kind.name}`, () => {
    it("G4: with a half-open feed a node that hears nothing refuses what another one has ended, within B", async t => {
      const nodes = await nodesOver(t, kind)
      const here = await nodes.node()
      const { far, proxy } = await nodeThrough(t, nodes, "feed")
      const ended = Object.values(endings)
      const given = await Promise.all(ended.map(() => shared(here, far)))
      proxy.halfOpen()
      const { noticesReceived } = countersOf(far)
      const times = ended.map((end, index) => {
        const each = given[index]
        assert.ok(each)
        return served(far, each.token, () => end(here, each))
      })
      tell(t, Math.max(...(await Promise.all(times))))
      assert.equal(countersOf(far)["noticesReceived"], noticesReceived, "the feed was silent")
    })

    it("G5: with a half-open feed a node shows what another one has stored to who names its version", async t => {
      const nodes = await nodesOver(t, kind)
      const here = await nodes.node()
      const { far, proxy } = await nodeThrough(t, nodes, "feed")
      const { token } = await shared(here, far)
      proxy.halfOpen()
      const { noticesReceived, staleRefusals = 0 } = countersOf(far)
      for (let round = 1; round <= 20; round++) {
        const { version } = await storedOn(here, token, "round", round)
        const reading = await far.open(token, { version })
        assert.equal(reading.get("round"), round)
      }
      assert.equal(countersOf(far)["noticesReceived"], noticesReceived, "the feed was silent")
      assert.ok(Number(countersOf(far)["staleRefusals"]) > staleRefusals, "its memory was older")
    })

    it("G12: a node that the server has become silent for serves what it has in memory until B, and then fails", async t => {
      const nodes = await nodesOver(t, kind)
      const { far, proxy } = await nodeThrough(t, nodes, "everything")
      const { token } = await shared(far, far)
      proxy.halfOpen()
      const { hits = 0 } = countersOf(far)
      const since = performance.now()
      await assert.rejects(lastServed(far, token, since), { code: "ERR_SESSION_STORE_TIMEOUT" })
      const failedAfter = performance.now() - since
      assert.ok(Number(countersOf(far)["hits"]) > hits, "it served from memory meanwhile")
      assert.ok(failedAfter < BOUND + STORE_TIMEOUT + SLACK, `it failed after ${failedAfter.toFixed()} ms`)
      proxy.heal()
    })
  })
}
