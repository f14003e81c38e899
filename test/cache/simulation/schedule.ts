import type { SeededRandom } from "../../../src/testing/seeded-random.ts"

interface Event {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

/** Virtual time: what happens when is decided by a seed alone. */
export class Schedule {
  now = 0
  #order = 0
  readonly #events: Event[] = []
  readonly random: SeededRandom

  constructor(random: SeededRandom) {
    this.random = random
  }

  at(at: number, run: () => void): void {
    const event = { at: Math.max(at, this.now), order: this.#order++, run }
    const after = this.#events.findIndex(each => each.at > event.at)
    this.#events.splice(after === -1 ? this.#events.length : after, 0, event)
  }

  after(delay: number, run: () => void): void {
    this.at(this.now + delay, run)
  }

  /** Between the two, in whole milliseconds. */
  between(least: number, most: number): number {
    return least + this.random.below(most - least + 1)
  }

  sleep(delay: number): Promise<void> {
    return new Promise(resolve => this.after(delay, resolve))
  }

  /** Runs everything that is due until then; promises settle between two events. */
  async runUntil(end: number): Promise<void> {
    for (let event = this.#events[0]; event && event.at <= end; event = this.#events[0]) {
      this.#events.shift()
      this.now = event.at
      event.run()
      await new Promise(setImmediate)
    }
    this.now = end
  }
}
