import { setTimeout as delay } from "node:timers/promises"
import type { Notice } from "../../contract/feed.ts"
import type { Database, Statement } from "./database.ts"
import { payloadsOf } from "./notices.ts"

/** Milliseconds for which notices are gathered. */
const GATHERING = 5

/**
 * Tells of changed data after its commit, together with what else changes within a moment, or piles up while the last are being
 * told, since every commit that notifies takes a lock of the whole server. Nobody waits for it, and a failure is only
 * counted: who misses a notice of changed data still finds the version too old.
 */
export class Announcer {
  readonly #database: Database
  readonly #announce: Statement
  readonly #changed = new Map<string, number>()
  #running: Promise<void> | undefined
  #untold = 0

  constructor(database: Database, announce: Statement) {
    this.#database = database
    this.#announce = announce
  }

  /** How many notices could not be sent. */
  get untold(): number {
    return this.#untold
  }

  changed(id: string, version: number): void {
    this.#changed.set(id, Math.max(version, this.#changed.get(id) ?? 0))
    this.#running ??= this.#run()
  }

  /** Resolves when all has been told. */
  async drained(): Promise<void> {
    await this.#running
  }

  async #run(): Promise<void> {
    while (this.#changed.size > 0) {
      // A commit that notifies costs about as much as a change: those of a moment share one.
      await delay(GATHERING)
      const notices: Notice[] = Array.from(this.#changed, ([id, version]) => ({
        kind: "changed",
        id,
        version,
      }))
      this.#changed.clear()
      try {
        await this.#database.run(this.#announce, [payloadsOf(notices)])
      } catch {
        this.#untold += notices.length
      }
    }
    this.#running = undefined
  }
}
