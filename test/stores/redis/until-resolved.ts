import { setTimeout as delay } from "node:timers/promises"

/**
 * Calls again and again until it resolves, as long as a failover on a busy machine may take; then throws its last
 * error.
 */
export async function untilResolved<T>(call: () => Promise<T>, limit = 25_000): Promise<T> {
  for (const start = performance.now(); ; await delay(50)) {
    try {
      return await call()
    } catch (error) {
      if (performance.now() - start > limit) throw error
    }
  }
}
