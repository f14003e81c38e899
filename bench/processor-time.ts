const BATCH = 50

/**
 * Microseconds of processor time that an operation takes, garbage collection and threads included. Unlike the time on the
 * clock it does not count what the machine does for others meanwhile.
 */
export async function processorTime(operation: () => unknown, milliseconds: number): Promise<number> {
  const end = performance.now() + milliseconds
  const before = process.cpuUsage()
  let done = 0
  while (performance.now() < end) {
    for (let time = 0; time < BATCH; time++) {
      const result = operation()
      // Awaiting what is there already would cost more than some operations do.
      if (result instanceof Promise) await result
    }
    done += BATCH
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / done
}
