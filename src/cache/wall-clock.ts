/**
 * Notices when this process has slept: a machine that is suspended may stop its monotonic clock, by which everything in
 * memory is as young as before, while the world went on.
 */
export class WallClock {
  #ahead = Number.POSITIVE_INFINITY
  readonly #bound: number

  constructor(bound: number) {
    this.#bound = bound
  }

  /** Whether the calendar has outrun the monotonic clock by the bound since this last said so. */
  hasOutrun(now: number, monotonic: number): boolean {
    const ahead = now - monotonic
    // A calendar that was put back counts from there on.
    if (ahead < this.#ahead) this.#ahead = ahead
    if (ahead - this.#ahead < this.#bound) return false
    this.#ahead = ahead
    return true
  }
}
