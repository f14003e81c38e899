/** For `node --test --test-global-setup`: one Redis and one Cluster for all test files of a run. */
import { type RedisCluster, startRedis, startRedisCluster } from "./redis.ts"
import type { RedisServer } from "./redis-server.ts"

let server: RedisServer | undefined
let cluster: RedisCluster | undefined

export async function globalSetup(): Promise<void> {
  if (!process.env["SOJOURN_TEST_REDIS_URL"]) {
    server = await startRedis()
    process.env["SOJOURN_TEST_REDIS_URL"] = server.url
  }
  if (!process.env["SOJOURN_TEST_REDIS_CLUSTER_URL"]) {
    cluster = await startRedisCluster()
    process.env["SOJOURN_TEST_REDIS_CLUSTER_URL"] = cluster.url
  }
}

export async function globalTeardown(): Promise<void> {
  await server?.stop()
  await cluster?.stop()
}
