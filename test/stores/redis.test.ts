import { Redis } from "ioredis"
import { createClient } from "redis"
import { createRedisStore } from "../../src/stores/redis/index.ts"
import { storeContract } from "../../src/testing/index.ts"
import { redisUrl } from "../services/redis.ts"

const url = await redisUrl()

storeContract("redis, by URL", {
  durable: true,
  open: ({ now, place }) => createRedisStore({ url, prefix: `${place}:` }, { now }),
  reopen: ({ now, place }) => createRedisStore({ url, prefix: `${place}:` }, { now }),
})

storeContract("redis, by a node-redis client, in four buckets", {
  durable: true,
  open: ({ now, place }) =>
    createRedisStore({ client: createClient({ url }), prefix: `${place}:`, buckets: 4 }, { now }),
  reopen: ({ now, place }) =>
    createRedisStore({ client: createClient({ url }), prefix: `${place}:`, buckets: 4 }, { now }),
})

storeContract("redis, by an ioredis client", {
  durable: true,
  open: ({ now, place }) =>
    createRedisStore({ client: new Redis(url, { lazyConnect: true }), prefix: `${place}:` }, { now }),
  reopen: ({ now, place }) =>
    createRedisStore({ client: new Redis(url, { lazyConnect: true }), prefix: `${place}:` }, { now }),
})
