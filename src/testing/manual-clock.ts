/** A clock that moves only when told. Starts far from now, so that a store which looks at another clock is found out. */
export class ManualClock {
  #now: number

  constructor(start: number = Date.UTC(2040, 0, 1)) {
    this.#now = start
  }

  /** The time, in milliseconds since 1970. Bound: may be handed on by itself. */
  readonly now = (): number => this.#now

  advance(milliseconds: number): void {
    this.#now += milliseconds
  }
}
