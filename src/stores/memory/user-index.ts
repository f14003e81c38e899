import { type Chained, HashIndex } from "./hash-index.ts"
import { INT } from "./layout.ts"
import { Rows } from "./rows.ts"
import { hashOf } from "./text-hash.ts"

const ENTRY = { hash: 0, first: 1, next: 2 } as const
export const ENTRY_BYTES = 12

/**
 * Finds sessions by their user. A user has one entry: the hash of the user's id, and the first of a doubly linked
 * list of session rows. The id's text is not kept again: it is read from the first session.
 */
export class UserIndex {
  readonly #rows: Rows
  readonly #userIdOf: (row: number) => string
  readonly #seed: number
  readonly #entries = new Rows(ENTRY_BYTES, 1)
  readonly #index = new HashIndex(chainOf(this.#entries))

  /** `seed` keeps whoever may choose user ids from choosing ones that share a chain. */
  constructor(rows: Rows, userIdOf: (row: number) => string, seed: number) {
    this.#rows = rows
    this.#userIdOf = userIdOf
    this.#seed = seed
  }

  /** One past the highest number that an entry (`INT.user`) has had. */
  get end(): number {
    return this.#entries.end
  }

  /** The row must be able to tell its user id. */
  add(row: number, userId: string): void {
    const hash = hashOf(userId, this.#seed)
    const entry = this.#find(userId, hash) || this.#create(hash)
    const second = this.#entries.int(entry, ENTRY.first)
    this.#rows.setInt(row, INT.user, entry)
    this.#rows.setInt(row, INT.userPrevious, 0)
    this.#rows.setInt(row, INT.userNext, second)
    if (second !== 0) this.#rows.setInt(second, INT.userPrevious, row)
    this.#entries.setInt(entry, ENTRY.first, row)
  }

  /** Does nothing to the row of an anonymous session. */
  remove(row: number): void {
    const entry = this.#rows.int(row, INT.user)
    if (entry === 0) return
    const before = this.#rows.int(row, INT.userPrevious)
    const after = this.#rows.int(row, INT.userNext)
    if (after !== 0) this.#rows.setInt(after, INT.userPrevious, before)
    if (before !== 0) this.#rows.setInt(before, INT.userNext, after)
    else this.#entries.setInt(entry, ENTRY.first, after)
    this.#rows.setInt(row, INT.user, 0)
    if (before === 0 && after === 0) this.#forget(entry)
  }

  /** The rows of the user's sessions, expired ones included. */
  rowsOf(userId: string): number[] {
    const rows: number[] = []
    const entry = this.#find(userId, hashOf(userId, this.#seed))
    let row = entry === 0 ? 0 : this.#entries.int(entry, ENTRY.first)
    while (row !== 0) {
      rows.push(row)
      row = this.#rows.int(row, INT.userNext)
    }
    return rows
  }

  #find(userId: string, hash: number): number {
    let entry = this.#index.first(hash)
    while (entry !== 0) {
      if (this.#entries.int(entry, ENTRY.hash) === hash) {
        if (this.#userIdOf(this.#entries.int(entry, ENTRY.first)) === userId) return entry
      }
      entry = this.#entries.int(entry, ENTRY.next)
    }
    return 0
  }

  #create(hash: number): number {
    const entry = this.#entries.allocate()
    this.#entries.setInt(entry, ENTRY.hash, hash)
    this.#entries.setInt(entry, ENTRY.first, 0)
    this.#index.insert(entry)
    return entry
  }

  #forget(entry: number): void {
    this.#index.remove(entry)
    this.#entries.free(entry)
  }
}

const chainOf = (entries: Rows): Chained => ({
  hashOf: entry => entries.int(entry, ENTRY.hash),
  next: entry => entries.int(entry, ENTRY.next),
  setNext: (entry, next) => entries.setInt(entry, ENTRY.next, next),
})
