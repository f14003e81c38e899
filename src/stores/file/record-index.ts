import type { SessionRecord } from "../../contract/record.ts"

/** The ids of the records that share a text, such as their user's id. A record without it is in no list. */
export class RecordIndex {
  readonly #textOf: (record: SessionRecord) => string | undefined
  readonly #ids = new Map<string, Set<string>>()

  constructor(textOf: (record: SessionRecord) => string | undefined) {
    this.#textOf = textOf
  }

  /** The record `before` has become `after`; `undefined` where there is none. */
  moved(id: string, before: SessionRecord | undefined, after: SessionRecord | undefined): void {
    const from = before && this.#textOf(before)
    const to = after && this.#textOf(after)
    if (from === to) return
    if (from !== undefined) this.#remove(from, id)
    if (to !== undefined) this.#add(to, id)
  }

  idsOf(text: string): Iterable<string> {
    return this.#ids.get(text) ?? []
  }

  /** Each text with the ids of its records. */
  entries(): Iterable<[text: string, ids: Iterable<string>]> {
    return this.#ids
  }

  #add(text: string, id: string): void {
    const ids = this.#ids.get(text)
    if (ids) ids.add(id)
    else this.#ids.set(text, new Set([id]))
  }

  #remove(text: string, id: string): void {
    const ids = this.#ids.get(text)
    ids?.delete(id)
    if (ids?.size === 0) this.#ids.delete(text)
  }
}
