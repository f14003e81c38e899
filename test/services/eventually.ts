import { setTimeout as delay } from "node:timers/promises"

/** Waits until it holds, as long as a busy machine may need; then throws what was waited for. */
export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
  limit = 60_000,
): Promise<void> {
  const start = performance.now()
  while (!(await holds())) {
    if (performance.now() - start > limit) throw new Error(`${what}: not within ${limit} ms`)
    await delay(5)
  }
}
