import type { SessionRecord } from "../../contract/record.ts"

/** The ids of each user's records. */
export class UserIndex {
  readonly #ids = new Map<string, Set<string>>()

  /** The record `before` has become `after`; `undefined` where there is none. */
  moved(id: string, before: SessionRecord | undefined, after: SessionRecord | undefined): void {
    const from = before?.login?.userId
    const to = after?.login?.userId
    if (from === to) return
    if (from !== undefined) this.#remove(from, id)
    if (to !== undefined) this.#add(to, id)
  }

  idsOf(userId: string): Iterable<string> {
    return this.#ids.get(userId) ?? []
  }

  /** Each user with the ids of its records. */
  entries(): Iterable<[userId: string, ids: Iterable<string>]> {
    return this.#ids
  }

  #add(userId: string, id: string): void {
    const ids = this.#ids.get(userId)
    if (ids) ids.add(id)
    else this.#ids.set(userId, new Set([id]))
  }

  #remove(userId: string, id: string): void {
    const ids = this.#ids.get(userId)
    ids?.delete(id)
    if (ids?.size === 0) this.#ids.delete(userId)
  }
}
