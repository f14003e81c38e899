import { Cluster } from "ioredis"
import { parseRedisUrl, type RedisOptions } from "../../../src/stores/redis/index.ts"

/** The ways to a Cluster whose client finds its nodes again. */
export const clusterTargets = (url: string): Readonly<Record<string, () => RedisOptions>> => ({
  "a URL": () => ({ url }),
  "an ioredis client": () => ({
    client: new Cluster([...parseRedisUrl(url).target.nodes], { lazyConnect: true }),
  }),
})
