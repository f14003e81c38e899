import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { Redis } from "ioredis"
import { isSessionError } from "../../../src/contract/errors.ts"
import { createRedisStore } from "../../../src/stores/redis/index.ts"
import { changes, dataOf } from "../../../src/testing/index.ts"
import { redisUrl } from "../../services/redis.ts"
import { aLogin, applied, aSession, newPrefix } from "./given-session.ts"

const url = await redisUrl()
const { create, patch } = changes

describe("the scripts of the Redis store", () => {
  it("are sent anew when the server has forgotten them, and the changes stay in order", async () => {
    const store = await createRedisStore({ url, prefix: newPrefix() })
    const administrator = new Redis(url)
    try {
      const session = aSession()
      for (let round = 0; round < 20; round++) {
        await administrator.call("SCRIPT", "FLUSH")
        const other = aSession()
        const call = store.apply([
          create(session),
          create(other),
          patch(session, { set: dataOf(["n", `${round}`]) }),
          patch(session, { set: dataOf(["last", `${round}`]), ifVersion: round * 2 + 2 }),
        ])
        const flush = administrator.call("SCRIPT", "FLUSH")
        const outcomes = (await call).slice(1)
        assert.deepEqual(outcomes, [1, round * 2 + 2, round * 2 + 3].map(applied))
        await flush
      }
      const [record] = await store.find([session.id])
      assert.deepEqual([record?.version, record?.data.get("last")?.text], [41, "19"])
    } finally {
      administrator.disconnect()
      await store.close()
    }
  })

  it("keep a value with thousands of keys whole", async () => {
    const store = await createRedisStore({ url, prefix: newPrefix() })
    try {
      const data = dataOf(...Array.from({ length: 10_000 }, (_, index) => [`k${index}`, `${index}`] as const))
      const session = aSession({ data })
      await store.apply([create(session)])
      const unset = [...data.keys()].slice(1)
      assert.equal((await store.find([session.id]))[0]?.data.size, 10_000)
      await store.apply([patch(session, { unset })])
      assert.deepEqual([...((await store.find([session.id]))[0]?.data.keys() ?? [])], ["k0"])
    } finally {
      await store.close()
    }
  })

  it("drop keys that have ended from the server at the next change", async () => {
    let now = Date.now()
    const prefix = newPrefix()
    const store = await createRedisStore({ url, prefix }, { now: () => now })
    const administrator = new Redis(url)
    try {
      const data = dataOf(
        ["short", { text: "1", expiresAt: now + 10 }],
        ["long", { text: "2", expiresAt: now + 99 }],
      )
      const session = aSession({ data })
      const fields = () => administrator.hkeys(`${prefix}{0}:s:${session.id}`)
      await store.apply([create(session)])
      now += 10
      assert.ok((await fields()).includes("dshort"))
      await store.apply([patch(session)])
      assert.ok(!(await fields()).includes("dshort"))
      now += 89
      await store.apply([patch(session, { set: dataOf(["plain", "3"]) })])
      assert.deepEqual(
        (await fields()).filter(name => /^[dt]/.test(name)),
        ["dplain"],
      )
    } finally {
      administrator.disconnect()
      await store.close()
    }
  })

  it("give every key a time to live", async () => {
    const prefix = newPrefix()
    const store = await createRedisStore({ url, prefix, buckets: 3 })
    const administrator = new Redis(url)
    try {
      const sessions = Array.from({ length: 20 }, (_, index) =>
        aSession({ login: aLogin(`user ${index % 4}`, { externalId: `sid ${index}` }) }),
      )
      await store.apply(sessions.map(create))
      await store.hit([{ key: "k", window: 1000, limit: 5, cost: 1 }])
      const keys = await administrator.keys(`${prefix}*`)
      assert.ok(keys.length >= 20 + 3 * 2 + 4 + 20 + 1, `${keys.length} keys`)
      for (const key of keys) assert.ok((await administrator.pttl(key)) > 0, `${key} ends`)
    } finally {
      administrator.disconnect()
      await store.close()
    }
  })

  it("change nothing when a key of the store holds something else, and say so", async () => {
    const prefix = newPrefix()
    const store = await createRedisStore({ url, prefix })
    const administrator = new Redis(url)
    try {
      const session = aSession()
      await administrator.set(`${prefix}{0}:s:${session.id}`, "a stranger's", "EX", 60)
      const isCorrupt = (error: unknown) => isSessionError(error, "ERR_SESSION_STORE_CORRUPT")
      await assert.rejects(store.find([session.id]), isCorrupt)
      await assert.rejects(store.apply([create(session)]), isCorrupt)
      const other = aSession()
      await administrator.hset(`${prefix}{0}:s:${other.id}`, "s", "half a record")
      await assert.rejects(store.find([other.id]), isCorrupt)
    } finally {
      administrator.disconnect()
      await store.close()
    }
  })
})
