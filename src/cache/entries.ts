import type { SessionRecord } from "../contract/record.ts"
import { sizeOf } from "./record-size.ts"

/** When something was learnt from the store: what decides how long it may be believed. */
export interface Knowledge {
  /** On the monotonic clock, before the store was asked. */
  readonly askedAt: number
  /** The feed's connection at that time; `undefined` while there was none. */
  readonly connection: number | undefined
  /** How many revocations by user, or of all, had been told by then. */
  readonly revocations: number
}

/** A record in memory. */
export interface Entry {
  readonly record: SessionRecord
  readonly known: Knowledge
  readonly bytes: number
  /** How many moves to the newest place there had been when it was moved there. */
  moved: number
}

/** The records in memory, bounded by count and by bytes; what was not used for longest leaves first. */
export class Entries {
  evicted = 0
  #bytes = 0
  #moves = 0
  readonly #entries = new Map<string, Entry>()
  readonly #maxSessions: number
  readonly #maxBytes: number

  constructor({ maxSessions, maxBytes }: { readonly maxSessions: number; readonly maxBytes: number }) {
    this.#maxSessions = maxSessions
    this.#maxBytes = maxBytes
  }

  get size(): number {
    return this.#entries.size
  }

  get bytes(): number {
    return this.#bytes
  }

  /** The entry, which is a use of it. */
  use(id: string): Entry | undefined {
    const entry = this.#entries.get(id)
    if (!entry) return undefined
    // What is among the newer half is far from leaving: moving it would cost more than all else in a hit.
    if (this.#moves - entry.moved >= this.#entries.size / 2) {
      this.#entries.delete(id)
      this.#place(id, entry)
    }
    return entry
  }

  peek(id: string): Entry | undefined {
    return this.#entries.get(id)
  }

  keep(record: SessionRecord, known: Knowledge): void {
    this.drop(record.id)
    const bytes = sizeOf(record)
    if (bytes > this.#maxBytes) return
    this.#place(record.id, { record, known, bytes, moved: 0 })
    this.#bytes += bytes
    while (this.#entries.size > this.#maxSessions || this.#bytes > this.#maxBytes) this.#evict()
  }

  drop(id: string): void {
    const entry = this.#entries.get(id)
    if (!entry) return
    this.#entries.delete(id)
    this.#bytes -= entry.bytes
  }

  clear(): void {
    this.#entries.clear()
    this.#bytes = 0
  }

  /** A Map keeps the order of insertion, so the first is the one that was not used for longest. */
  #place(id: string, entry: Entry): void {
    entry.moved = ++this.#moves
    this.#entries.set(id, entry)
  }

  #evict(): void {
    for (const id of this.#entries.keys()) {
      this.drop(id)
      this.evicted += 1
      return
    }
  }
}
