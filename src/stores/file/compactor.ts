import { type CompactionSource, compact } from "./compaction.ts"
import type { Records } from "./records.ts"
import type { Usage } from "./usage.ts"

export interface CompactorOptions extends Omit<CompactionSource, "records" | "signal"> {
  readonly records: Records
  readonly usage: Usage
  readonly compactAfter: number
  readonly compactFactor: number
}

/** Compacts the file whenever its garbage outweighs its live data, one compaction at a time. */
export class Compactor {
  readonly #options: CompactorOptions
  readonly #stop = new AbortController()
  #running: Promise<void> | undefined
  /** After a failed attempt: the size of the file from which to try again. */
  #retryFrom = 0

  constructor(options: CompactorOptions) {
    this.#options = options
  }

  /** Not to be called while a group of lines is being settled: records and journal have to agree. */
  compactIfWorthwhile(): void {
    if (this.#running || this.#stop.signal.aborted || !this.#isWorthwhile()) return
    this.#running = this.#compact().finally(() => {
      this.#running = undefined
    })
  }

  /** Gives up what is being done. The file stays as it is. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  #isWorthwhile(): boolean {
    const { journal, usage, compactAfter, compactFactor } = this.#options
    const garbage = journal.size - usage.live
    return garbage > compactAfter && garbage > compactFactor * usage.live && journal.size >= this.#retryFrom
  }

  async #compact(): Promise<void> {
    const { records, usage, journal, path } = this.#options
    const signal = this.#stop.signal
    try {
      await compact({ ...this.#options, records: [...records.allStored()], signal })
      usage.reset(journal.size, records.storedCount)
    } catch (error) {
      if (signal.aborted) return
      this.#retryFrom = 1.5 * journal.size
      const reason = error instanceof Error ? error.message : String(error)
      process.emitWarning(`The session file ${path} could not be compacted and stays as it is: ${reason}`, {
        code: "SOJOURN_COMPACTION_FAILED",
      })
    }
  }
}
