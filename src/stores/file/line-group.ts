import type { SessionError } from "../../contract/errors.ts"
import { sealLine } from "./journal-line.ts"

/** Somebody who waits for lines to be stored. */
export interface Waiter {
  /** Runs as soon as the lines are stored, before anyone is told. */
  readonly stored: () => void
  readonly resolve: () => void
  readonly reject: (error: SessionError) => void
}

/** Lines that go to the disk together. */
export class LineGroup {
  readonly waiters: Waiter[] = []
  /** Whether a line in it has to outlive a power failure. */
  durable = false
  readonly #unsynced: number
  readonly #lines: string[] = []
  #size = 0

  /** `unsynced`: how many bytes before this group may not have reached the disk when it is written. */
  constructor(unsynced: number) {
    this.#unsynced = unsynced
  }

  /** In bytes. */
  get size(): number {
    return this.#size
  }

  add(text: string): void {
    const line = sealLine(text, this.#unsynced + this.#size)
    this.#lines.push(line)
    this.#size += Buffer.byteLength(line)
  }

  toBytes(): Buffer {
    return Buffer.from(this.#lines.join(""))
  }

  /** The group for what arrives while this one is on its way. */
  next(): LineGroup {
    return new LineGroup(this.durable ? 0 : this.#unsynced + this.#size)
  }
}
