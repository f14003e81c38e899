import { setImmediate } from "node:timers/promises"

/** How many sessions are looked at before the event loop gets a turn. */
export const STEPS_PER_TURN = 1024

/** Keeps a long walk from holding up the event loop: `if (pace.isTired()) await pace.rest()` at each step. */
export class Pace {
  #steps = 0

  isTired(): boolean {
    return ++this.#steps % STEPS_PER_TURN === 0
  }

  async rest(): Promise<void> {
    await setImmediate()
  }
}
