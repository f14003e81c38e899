import { setImmediate } from "node:timers/promises"

/** How many sessions are looked at before the event loop gets a turn. */
export const STEPS_PER_TURN = 1024

/**
 * Keeps long work from holding up the event loop: `if (pace.isTired()) await pace.rest()` at each step. One for all
 * calls of a store, so that many short calls in a row, which a loop of `await`s makes, let others have their turn
 * as well.
 */
export class Pace {
  #steps = 0

  isTired(): boolean {
    return ++this.#steps % STEPS_PER_TURN === 0
  }

  async rest(): Promise<void> {
    await setImmediate()
  }
}
