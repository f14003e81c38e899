import { Cluster } from "ioredis"
import { createCluster } from "redis"
import { createRedisStore, parseRedisUrl } from "../../../src/stores/redis/index.ts"
import { storeContract } from "../../../src/testing/index.ts"
import { redisClusterUrl } from "../../services/redis.ts"

const url = await redisClusterUrl()
const { nodes } = parseRedisUrl(url).target

const nodeRedis = () => createCluster({ rootNodes: nodes.map(node => ({ socket: { ...node } })) })
const ioRedis = () => new Cluster([...nodes], { lazyConnect: true })

storeContract("redis cluster, by URL", {
  durable: true,
  open: ({ now, place }) => createRedisStore({ url, prefix: `${place}:` }, { now }),
  reopen: ({ now, place }) => createRedisStore({ url, prefix: `${place}:` }, { now }),
})

storeContract("redis cluster, by a node-redis client", {
  durable: true,
  open: ({ now, place }) => createRedisStore({ client: nodeRedis(), prefix: `${place}:` }, { now }),
  reopen: ({ now, place }) => createRedisStore({ client: nodeRedis(), prefix: `${place}:` }, { now }),
})

storeContract("redis cluster, by an ioredis client", {
  durable: true,
  open: ({ now, place }) => createRedisStore({ client: ioRedis(), prefix: `${place}:` }, { now }),
  reopen: ({ now, place }) => createRedisStore({ client: ioRedis(), prefix: `${place}:` }, { now }),
})
