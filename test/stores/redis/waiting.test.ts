import assert from "node:assert/strict"
import { after, describe, it } from "node:test"
import { Cluster } from "ioredis"
import { isSessionError } from "../../../src/contract/errors.ts"
import { createRedisStore, parseRedisUrl } from "../../../src/stores/redis/index.ts"
import { changes } from "../../../src/testing/index.ts"
import { redisClusterUrl, startRedis, startReplica } from "../../services/redis.ts"
import { aLogin, aSession, newPrefix } from "./given-session.ts"

const { create, revoke, touch } = changes
const clusterUrl = await redisClusterUrl()
const waitReplicas = { count: 1, timeout: 200 }

describe("waitReplicas", async () => {
  const primary = await startRedis(["repl-diskless-sync-delay 0"])
  after(() => primary.stop())

  it("rejects a change that no replica has, and says that the primary has it", async () => {
    const store = await createRedisStore({ url: primary.url, prefix: newPrefix(), waitReplicas })
    try {
      const session = aSession({ login: aLogin("ada", { externalId: "sid" }) })
      await assert.rejects(store.apply([create(session)]), notReplicated)
      assert.equal((await store.find([session.id])).length, 1)
      const seen = { at: session.lastSeenAt + 1, expiresAt: session.expiresAt + 1 }
      assert.deepEqual(await store.apply([touch(session, seen)]), [{ kind: "applied", version: 1 }])
      await assert.rejects(store.revokeByUser("ada"), notReplicated)
      assert.deepEqual(await store.find([session.id]), [undefined])
      assert.deepEqual(await store.revokeByUser("ada"), [], "nothing was written, so nothing is waited for")
      await assert.rejects(store.revokeAll(), notReplicated)
    } finally {
      await store.close()
    }
  })

  it("resolves when the replica has the change", async () => {
    const replica = await startReplica(primary)
    const prefix = newPrefix()
    const store = await createRedisStore({
      url: primary.url,
      prefix,
      waitReplicas: { count: 1, timeout: 4000 },
    })
    try {
      const session = aSession()
      const key = `${prefix}{0}:s:${session.id}`
      await store.apply([create(session)])
      assert.equal(await replica.cli("EXISTS", key), "1")
      await store.apply([revoke(session)])
      assert.equal(await replica.cli("EXISTS", key), "0")
    } finally {
      await store.close()
      await replica.stop()
    }
  })

  it("asks each node of a Cluster that was written to", async () => {
    const store = await createRedisStore({ url: clusterUrl, prefix: newPrefix(), waitReplicas })
    try {
      const sessions = Array.from({ length: 20 }, () => aSession())
      await assert.rejects(store.apply(sessions.map(create)), notReplicated)
      assert.equal((await store.find(sessions.map(({ id }) => id))).filter(Boolean).length, 20)
    } finally {
      await store.close()
    }
  })

  it("is refused for a Cluster of ioredis, which cannot send WAIT to a node", async () => {
    const client = new Cluster([...parseRedisUrl(clusterUrl).target.nodes], { lazyConnect: true })
    await assert.rejects(createRedisStore({ client, waitReplicas }), error =>
      isSessionError(error, "ERR_SESSION_CONFIG"),
    )
  })
})

const notReplicated = (error: unknown): boolean =>
  isSessionError(error, "ERR_SESSION_STORE_UNAVAILABLE") && /0 of 1 replicas.*primary/s.test(error.message)
