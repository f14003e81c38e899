/** Users remembered one by one; with more, everything in memory counts as revoked, which costs a read each. */
const MAX_USERS = 10_000

/** Revocations by user, or of all, as counters that an entry is compared with: nothing is searched for. */
export class Revocations {
  #count = 0
  #ofAll = 0
  readonly #ofUsers = new Map<string, number>()

  /** How many there have been. */
  get count(): number {
    return this.#count
  }

  user(userId: string): void {
    if (this.#ofUsers.size >= MAX_USERS && !this.#ofUsers.has(userId)) this.all()
    else this.#ofUsers.set(userId, ++this.#count)
  }

  all(): void {
    this.#ofAll = ++this.#count
    this.#ofUsers.clear()
  }

  /** Whether something that was learnt after `count` revocations may have been ended by a later one. */
  concern(userId: string | undefined, count: number): boolean {
    if (count < this.#ofAll) return true
    if (userId === undefined || this.#ofUsers.size === 0) return false
    return count < (this.#ofUsers.get(userId) ?? 0)
  }
}
