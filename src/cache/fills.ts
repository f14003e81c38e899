import type { SessionRecord } from "../contract/record.ts"
import type { Knowledge } from "./entries.ts"

/** A read under way for the cache. */
export class Fill {
  readonly known: Knowledge
  readonly answer: Promise<SessionRecord | undefined>
  #ended = false
  #newest = 0

  constructor(known: Knowledge, answer: Promise<SessionRecord | undefined>) {
    this.known = known
    this.answer = answer
  }

  /** Told while the read was under way: the session has this version now. */
  changed(version: number): void {
    this.#newest = Math.max(this.#newest, version)
  }

  /** Told while the read was under way: the session is over, or nobody knows what became of it. */
  spoil(): void {
    this.#ended = true
  }

  /** Whether the answer is older than what has been told meanwhile. */
  isOutdated(record: SessionRecord | undefined): boolean {
    return this.#ended || (record !== undefined && record.version < this.#newest)
  }
}

/** The reads under way, one a session. */
export class Fills {
  readonly #fills = new Map<string, Fill>()

  get(id: string): Fill | undefined {
    return this.#fills.get(id)
  }

  add(id: string, fill: Fill): void {
    this.#fills.set(id, fill)
  }

  /** Whether it was there to the end: one that was spoiled or replaced has not been told all that came meanwhile. */
  remove(id: string, fill: Fill): boolean {
    return this.#fills.get(id) === fill && this.#fills.delete(id)
  }

  /** Nobody joins it any more, and its answer is not kept. */
  spoil(id: string): void {
    this.#fills.get(id)?.spoil()
    this.#fills.delete(id)
  }

  spoilAll(): void {
    for (const id of [...this.#fills.keys()]) this.spoil(id)
  }

  changed(id: string, version: number): void {
    this.#fills.get(id)?.changed(version)
  }
}
