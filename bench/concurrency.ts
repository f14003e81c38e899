/** How many operations are under way at any time, unless said otherwise. */
const IN_FLIGHT = 64

/** How often an operation completes in a second, while so many of it are under way at any time. */
export async function perSecond(
  operation: () => Promise<unknown>,
  seconds: number,
  inFlight = IN_FLIGHT,
): Promise<number> {
  const start = performance.now()
  const end = start + seconds * 1000
  let completed = 0
  const repeat = async (): Promise<void> => {
    while (performance.now() < end) {
      await operation()
      completed++
    }
  }
  await Promise.all(Array.from({ length: inFlight }, repeat))
  return (completed * 1000) / (performance.now() - start)
}
