import assert from "node:assert/strict"
import { after, describe, it } from "node:test"
import { isSessionError } from "../../../src/contract/errors.ts"
import { createRedisStore } from "../../../src/stores/redis/index.ts"
import { Layout } from "../../../src/stores/redis/layout.ts"
import { hashSlot } from "../../../src/stores/redis/subscriber-slots.ts"
import { changes } from "../../../src/testing/index.ts"
import { startRedisCluster } from "../../services/redis.ts"
import { clusterTargets } from "./cluster-targets.ts"
import { aSession, newPrefix } from "./given-session.ts"
import { untilResolved } from "./until-resolved.ts"

const { create, patch } = changes

describe("a Cluster of which one node is silent", async () => {
  const cluster = await startRedisCluster(["cluster-require-full-coverage no"])
  after(() => cluster.stop())

  for (const [name, target] of Object.entries(clusterTargets(cluster.url))) {
    it(`G12: its calls end in time, the others' go on, and it is found again, by ${name}`, async () => {
      const prefix = newPrefix()
      const store = await createRedisStore({ ...target(), prefix, timeout: 400 })
      const layout = new Layout(prefix, 16)
      const [, silent] = cluster.nodes
      assert.ok(silent)
      // The slots of the second of the three nodes.
      const isSilent = (id: string) => Math.floor((hashSlot(layout.sessionKey(id)) * 3) / 16_384) === 1
      const sessions = Array.from({ length: 60 }, () => aSession())
      const there = sessions.find(({ id }) => isSilent(id))
      const elsewhere = sessions.filter(({ id }) => !isSilent(id))
      assert.ok(there && elsewhere.length > 0)
      try {
        await store.apply(sessions.map(create))
        silent.freeze()
        const start = performance.now()
        await assert.rejects(store.find([there.id]), isStoreFailure)
        assert.ok(performance.now() - start < 3000)
        const ids = elsewhere.map(({ id }) => id)
        const found = await untilResolved(() => store.find(ids))
        assert.equal(found.filter(Boolean).length, ids.length)
        await assert.rejects(store.apply([patch(there)]), isStoreFailure)
        silent.thaw()
        await untilResolved(() => store.find([there.id]))
        await untilResolved(() => store.apply(elsewhere.map(session => patch(session))))
      } finally {
        silent.thaw()
        await store.close()
      }
    })
  }
})

const isStoreFailure = (error: unknown): boolean =>
  isSessionError(error, "ERR_SESSION_STORE_TIMEOUT") || isSessionError(error, "ERR_SESSION_STORE_UNAVAILABLE")
