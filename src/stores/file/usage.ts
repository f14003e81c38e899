import type { Entry } from "./journal-entry.ts"

/**
 * An estimate of how many of the file's bytes still matter: the lines that create what is still there. Lines that
 * change or remove are garbage as soon as they are written, because a new file would not have them; a removed record
 * counts as one of average length.
 */
export class Usage {
  #bytes = 0
  #records = 0

  /** Of the file, in bytes. */
  get live(): number {
    return this.#bytes
  }

  note(entry: Entry, lineLength: number): void {
    if (entry.kind === "create") this.#add(lineLength)
    else if (entry.kind === "remove") this.drop(entry.ids.length)
    else if (entry.kind === "clear") this.reset(0, 0)
  }

  drop(records: number): void {
    const left = Math.max(0, this.#records - records)
    this.#bytes = left === 0 ? 0 : (this.#bytes * left) / this.#records
    this.#records = left
  }

  reset(bytes: number, records: number): void {
    this.#bytes = bytes
    this.#records = records
  }

  #add(bytes: number): void {
    this.#bytes += bytes
    this.#records += 1
  }
}
