const MAX_ABSENCES = 10_000

/** Ids that the store does not have. They stay unknown, as ids are neither chosen by clients nor used twice. */
export class Absences {
  readonly #until = new Map<string, number>()
  readonly #lifetime: number
  readonly #monotonic: () => number

  constructor(lifetime: number, monotonic: () => number) {
    this.#lifetime = lifetime
    this.#monotonic = monotonic
  }

  has(id: string): boolean {
    const until = this.#until.get(id)
    if (until === undefined) return false
    if (this.#monotonic() < until) return true
    this.#until.delete(id)
    return false
  }

  add(id: string): void {
    this.#until.delete(id)
    this.#until.set(id, this.#monotonic() + this.#lifetime)
    if (this.#until.size <= MAX_ABSENCES) return
    for (const oldest of this.#until.keys()) {
      this.#until.delete(oldest)
      return
    }
  }

  remove(id: string): void {
    this.#until.delete(id)
  }

  clear(): void {
    this.#until.clear()
  }
}
