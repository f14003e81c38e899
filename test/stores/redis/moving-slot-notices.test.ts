import assert from "node:assert/strict"
import { after, describe, it } from "node:test"
import { setTimeout as delay } from "node:timers/promises"
import { withNearCache } from "../../../src/cache/with-near-cache.ts"
import { createRedisStore } from "../../../src/stores/redis/index.ts"
import { changes, dataOf } from "../../../src/testing/index.ts"
import { eventually } from "../../services/eventually.ts"
import { startRedisCluster } from "../../services/redis.ts"
import { clusterTargets } from "./cluster-targets.ts"
import { FeedLog } from "./feed-log.ts"
import { aLogin, applied, aSession, newPrefix } from "./given-session.ts"
import { ONLY_SLOT, slotMove } from "./slot-move.ts"

const { create, patch, revoke } = changes
const maxStaleness = 500
const memory = { maxSessions: 100, maxBytes: 1e7, maxStaleness, maxAge: 60_000 }

describe("notices while a Cluster moves a slot to another node", async () => {
  const cluster = await startRedisCluster()
  after(() => cluster.stop())

  for (const [name, target] of Object.entries(clusterTargets(cluster.url))) {
    it(`G4: what is changed where it has arrived is served no longer than B, by ${name}`, async () => {
      const prefix = newPrefix()
      const open = () => createRedisStore({ ...target(), prefix, buckets: 1 })
      const [here, there] = [await open(), withNearCache(await open(), memory)]
      const move = await slotMove(cluster.nodes, ONLY_SLOT)
      const login = aLogin("ada")
      const [patched, revoked] = [aSession({ login }), aSession({ login })]
      const fill = async (id: string) => {
        assert.ok(await there.fill(id, 0, async () => (await there.find([id]))[0]))
      }
      const isTrusted = (id: string) => there.recall(id, 0) !== undefined
      try {
        await here.apply([patched, revoked].map(create))
        for (const { id } of [patched, revoked]) {
          // From then on the feed vouches for it.
          await eventually("trusted for longer than B", async () => {
            await fill(id)
            await delay(maxStaleness + 100)
            return isTrusted(id)
          })
        }
        await move.begin()
        await move.take(`${prefix}{0}:s:${patched.id}`)
        assert.deepEqual(await here.apply([patch(patched, { set: dataOf(["k", "1"]) })]), [applied(2)])
        await delay(maxStaleness + 100)
        assert.notEqual(there.recall(patched.id, 0)?.version, 1)
        await move.takeAll()
        await fill(revoked.id)
        assert.ok(isTrusted(revoked.id))
        assert.deepEqual(await here.apply([revoke(revoked)]), [applied(1)])
        await delay(maxStaleness + 100)
        assert.ok(!isTrusted(revoked.id))
      } finally {
        await move.end()
        await here.close()
        await there.close()
      }
    })

    it(`the feed is lost while a slot moves, and back when it has moved, by ${name}`, async () => {
      const store = await createRedisStore({ ...target(), prefix: newPrefix() })
      const move = await slotMove(cluster.nodes, ONLY_SLOT)
      const log = new FeedLog()
      const feed = store.observe(log, { heartbeatInterval: 100 })
      try {
        await eventually("connected", () => log.isConnected)
        await move.begin()
        await eventually("told", () => !log.isConnected)
        assert.match(log.reasons[0] ?? "", /a channel is moving to another master/)
        await delay(500)
        assert.deepEqual(log.transitions.filter(kind => kind === "connected").length, 1)
        await move.end()
        await eventually("connected again", () => log.isConnected)
        const session = aSession()
        await store.apply([create(session), revoke(session)])
        await eventually("a notice", () => log.notices.some(({ kind }) => kind === "revoked"))
      } finally {
        await move.end()
        await feed.close()
        await store.close()
      }
    })
  }
})
