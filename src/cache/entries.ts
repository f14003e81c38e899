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
  /** Whether it was used since it came, or since it was passed over. */
  used: boolean
}

/** How many an eviction passes over at the most, so that it never takes long. */
const MAX_PASSED = 64

/**
 * The records in memory, bounded by count and by bytes. What came first leaves first, unless it was used meanwhile: then it is
 * passed over once, as if it had come anew. So a hit costs no more than a mark.
 */
export class Entries {
  evicted = 0
  #bytes = 0
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
    if (entry) entry.used = true
    return entry
  }

  peek(id: string): Entry | undefined {
    return this.#entries.get(id)
  }

  keep(record: SessionRecord, known: Knowledge): void {
    this.drop(record.id)
    const bytes = sizeOf(record)
    if (bytes > this.#maxBytes) return
    while (this.#entries.size >= this.#maxSessions || this.#bytes + bytes > this.#maxBytes) this.#evict()
    this.#entries.set(record.id, { record, known, bytes, used: false })
    this.#bytes += bytes
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

  /** A Map keeps the order of insertion, so the first is the one that came first. */
  #evict(): void {
    let passed = 0
    for (const [id, entry] of this.#entries) {
      this.#entries.delete(id)
      if (entry.used && passed < MAX_PASSED) {
        entry.used = false
        this.#entries.set(id, entry)
        passed += 1
        continue
      }
      this.#bytes -= entry.bytes
      this.evicted += 1
      return
    }
  }
}
