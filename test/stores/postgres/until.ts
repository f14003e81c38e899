import { setTimeout as delay } from "node:timers/promises"

/** Waits until the answer is as wanted, as long as a busy machine may need. */
export async function until(what: string, holds: () => Promise<boolean>, limit = 20_000): Promise<void> {
  const start = performance.now()
  while (!(await holds())) {
    if (performance.now() - start > limit) throw new Error(`${what}: not within ${limit} ms`)
    await delay(20)
  }
}
