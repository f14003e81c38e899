import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { Cluster, Redis } from "ioredis"
import { createClient, createCluster } from "redis"
import type { FeedObserver, Notice } from "../../../src/contract/feed.ts"
import { createRedisStore, parseRedisUrl, type RedisOptions } from "../../../src/stores/redis/index.ts"
import { changes, dataOf } from "../../../src/testing/index.ts"
import { eventually } from "../../services/eventually.ts"
import { redisClusterUrl, redisUrl } from "../../services/redis.ts"
import { FeedLog } from "./feed-log.ts"
import { aLogin, aSession, newPrefix } from "./given-session.ts"

const url = await redisUrl()
const clusterUrl = await redisClusterUrl()
const { nodes } = parseRedisUrl(clusterUrl).target
const { create, patch, revoke, rotate, touch } = changes

describe("what the Redis store publishes", () => {
  it("is one notice for each session that a call has changed or ended, and for nothing else", async () => {
    const prefix = newPrefix()
    const store = await createRedisStore({ url, prefix })
    const listener = new Redis(url)
    const texts: string[] = []
    try {
      listener.on("message", (_, text) => texts.push(text))
      await listener.subscribe(`${prefix}{0}:feed`)
      const login = aLogin("ada", { externalId: "sid" })
      const [first, second, third] = [aSession({ login }), aSession({ login }), aSession({ login })]
      const seen = { at: first.lastSeenAt, expiresAt: first.expiresAt }
      const secretHash = "h".repeat(43)
      await store.apply([
        ...[create(first), create(first), create(second), create(third)],
        ...[touch(first, seen), patch(first, { ifVersion: 9 }), patch(aSession()), revoke(aSession())],
        patch(first, { set: dataOf(["a", "1"]) }),
        rotate(first, { secretHash, at: first.createdAt }),
        rotate(first, { secretHash, at: first.createdAt }),
        revoke(second),
      ])
      assert.deepEqual(await store.revokeByUser("ada", third.id), [first.id])
      assert.deepEqual(await store.revokeByUser("ada", third.id), [])
      assert.deepEqual(await store.revokeByExternalId("sid"), [third.id])
      await store.revokeAll()
      await eventually("the last notice", () => texts.includes("a"))
      const published = [
        `c ${first.id} 3\nr ${second.id}`,
        ...[`u {"userId":"ada","except":"${third.id}"}`, `r ${third.id}`, "a"],
      ]
      assert.deepEqual(texts, published)
    } finally {
      listener.disconnect()
      await store.close()
    }
  })

  it("names a session by its whole id, whatever that is", async () => {
    const store = await createRedisStore({ url, prefix: newPrefix() })
    const log = new FeedLog()
    store.observe(log, { heartbeatInterval: 250 })
    try {
      await eventually("the observer is connected", () => log.isConnected)
      const sessions = ["a\0b", "x\ny", "\ud800", "a b", "%s"].map(id => aSession({ id }))
      const set = dataOf(["a", "1"])
      await store.apply(sessions.map(create))
      await store.apply(sessions.map(session => patch(session, { set })))
      await store.apply(sessions.map(session => patch(session, { set, unset: ["b"] })))
      await store.apply(sessions.map(revoke))
      await eventually("all notices", () => log.notices.length >= 3 * sessions.length)
      assert.deepEqual(log.notices, [
        ...sessions.map(({ id }) => ({ kind: "changed", id, version: 2 })),
        ...sessions.map(({ id }) => ({ kind: "changed", id, version: 3 })),
        ...sessions.map(({ id }) => ({ kind: "revoked", id })),
      ])
      assert.deepEqual(log.transitions, ["connected"])
    } finally {
      await store.close()
    }
  })

  const targets: Readonly<Record<string, () => RedisOptions>> = {
    "a URL": () => ({ url }),
    "a node-redis client, in four buckets": () => ({ client: createClient({ url }), buckets: 4 }),
    "an ioredis client": () => ({ client: new Redis(url, { lazyConnect: true }) }),
    "a Cluster's URL": () => ({ url: clusterUrl }),
    "a node-redis Cluster": () => ({
      client: createCluster({ rootNodes: nodes.map(node => ({ socket: { ...node } })) }),
    }),
    "an ioredis Cluster": () => ({ client: new Cluster([...nodes], { lazyConnect: true }) }),
  }
  for (const [name, target] of Object.entries(targets)) {
    it(`G4: reaches another store's observer, by ${name}`, async () => {
      const options = { ...target(), prefix: newPrefix() }
      const [here, there] = [await createRedisStore(options), await createRedisStore(options)]
      const notices: Notice[] = []
      let isConnected = false
      const observer: FeedObserver = {
        connected: () => {
          isConnected = true
        },
        disconnected() {},
        heartbeat() {},
        notice: notice => void notices.push(notice),
      }
      there.observe(observer, { heartbeatInterval: 250 })
      try {
        await eventually("the observer is connected", () => isConnected)
        const sessions = Array.from({ length: 10 }, () => aSession())
        await here.apply(sessions.map(create))
        await here.apply(sessions.map(session => patch(session)))
        await here.apply(sessions.map(revoke))
        await eventually("all notices", () => notices.length >= 20)
        const expected = sessions.flatMap(({ id }) => [
          { kind: "changed", id, version: 2 },
          { kind: "revoked", id },
        ])
        const text = (notice: object) => JSON.stringify(notice)
        assert.deepEqual(notices.map(text).toSorted(), expected.map(text).toSorted())
      } finally {
        await here.close()
        await there.close()
      }
    })
  }
})
