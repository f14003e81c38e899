import { hashOf } from "./text-hash.ts"

/** What an entry takes, about: a number for a key, a number for a value, and its share of the table of a `Map`. */
export const EXTERNAL_BYTES = 48

/**
 * Finds sessions by the identity provider's session that they came from. Only sessions that have one are in it, so that it costs
 * the others nothing. It holds hashes and rows, plain numbers; the texts are read from the rows.
 */
export class ExternalIndex {
  readonly #externalIdOf: (row: number) => string | undefined
  readonly #seed: number
  /** By hash: one row, as nearly always, or several. */
  readonly #rows = new Map<number, number | Set<number>>()
  #count = 0

  constructor(externalIdOf: (row: number) => string | undefined, seed: number) {
    this.#externalIdOf = externalIdOf
    this.#seed = seed
  }

  /** How many sessions are in it. */
  get count(): number {
    return this.#count
  }

  add(row: number, externalId: string): void {
    const hash = hashOf(externalId, this.#seed)
    const held = this.#rows.get(hash)
    if (held === undefined) this.#rows.set(hash, row)
    else if (typeof held === "number") this.#rows.set(hash, new Set([held, row]))
    else held.add(row)
    this.#count++
  }

  remove(row: number, externalId: string): void {
    const hash = hashOf(externalId, this.#seed)
    const held = this.#rows.get(hash)
    if (typeof held === "object") held.delete(row)
    if (typeof held === "number" || held?.size === 0) this.#rows.delete(hash)
    this.#count--
  }

  /** The rows of the sessions with this external id, expired ones included. */
  rowsOf(externalId: string): number[] {
    const held = this.#rows.get(hashOf(externalId, this.#seed))
    const rows = typeof held === "number" ? [held] : [...(held ?? [])]
    return rows.filter(row => this.#externalIdOf(row) === externalId)
  }
}
