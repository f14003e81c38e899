import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { Redis } from "ioredis"
import { createRedisStore, type RedisOptions } from "../../../src/stores/redis/index.ts"
import { changes } from "../../../src/testing/index.ts"
import { startRedisSentinel } from "../../services/redis.ts"
import { aSession, newPrefix } from "./given-session.ts"
import { untilResolved } from "./until-resolved.ts"

const { create, patch } = changes

const clients: Readonly<Record<string, (url: string, port: number) => RedisOptions>> = {
  "a URL": url => ({ url }),
  "an ioredis client": (_, port) => ({
    client: new Redis({ sentinels: [{ host: "127.0.0.1", port }], name: "main", lazyConnect: true }),
  }),
}

for (const [name, target] of Object.entries(clients)) {
  describe(`a Redis store behind Sentinel, by ${name}`, () => {
    it("goes on with the replica when the primary has died", async () => {
      const { url, sentinel, primary, stop } = await startRedisSentinel()
      const waitReplicas = { count: 1, timeout: 1000 }
      const options = { ...target(url, sentinel.port), prefix: newPrefix(), timeout: 2000 }
      const store = await createRedisStore(options)
      const careful = await createRedisStore({ ...options, waitReplicas })
      try {
        const session = aSession()
        await careful.apply([create(session)])
        await primary.kill()
        const found = await untilResolved(() => store.find([session.id]))
        assert.deepEqual(found, [session])
        const outcome = await untilResolved(() => store.apply([patch(session)]))
        assert.deepEqual(outcome, [{ kind: "applied", version: 2 }])
      } finally {
        await store.close()
        await careful.close()
        await stop()
      }
    })
  })
}
