/** For `node --test --test-global-setup`: the servers that the test files of a run share. */
import * as postgres from "./postgres-global-setup.ts"
import * as redis from "./redis-global-setup.ts"

export async function globalSetup(): Promise<void> {
  await Promise.all([postgres.globalSetup(), redis.globalSetup()])
}

export async function globalTeardown(): Promise<void> {
  await Promise.all([postgres.globalTeardown(), redis.globalTeardown()])
}
