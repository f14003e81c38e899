import type { Touch } from "../contract/change.ts"
import type { SessionRecord } from "../contract/record.ts"
import type { Batcher } from "./batcher.ts"
import type { EventHub } from "./events.ts"
import { seenNow } from "./lifetimes.ts"

const MAX_PENDING = 50_000

/**
 * Gathers last-seen times and sends them in batches (G7). A use that is too close to the idle end to wait for the next
 * batch goes at once, so that gathering never shortens a session's life.
 */
export class Toucher {
  #pending = new Map<string, Touch>()
  #timer: NodeJS.Timeout | undefined
  readonly #batcher: Batcher
  readonly #events: EventHub
  readonly #interval: number

  constructor(batcher: Batcher, events: EventHub, interval: number) {
    this.#batcher = batcher
    this.#events = events
    this.#interval = interval
  }

  /** Notes a use; `confirm` tells that the current secret was seen for the first time, which cannot wait. */
  note(record: SessionRecord, now: number, confirm: boolean): void {
    const seen = seenNow(record, now)
    const endsSoon =
      record.expiresAt - now <= 2 * this.#interval && record.expiresAt < record.absoluteExpiresAt
    if (confirm) this.#send({ kind: "touch", id: record.id, seen, confirm: record.generation })
    else if (endsSoon) this.#send({ kind: "touch", id: record.id, seen })
    else this.#gather({ kind: "touch", id: record.id, seen })
  }

  /** Forgets what was gathered for a session that a change has touched, or ended. */
  forget(id: string): void {
    this.#pending.delete(id)
  }

  /** Sends everything that was gathered. Never rejects: a failure is told as `storeError`. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const touches = [...this.#pending.values()]
    this.#pending = new Map()
    for (let sent = 0; sent < touches.length; sent += 512) {
      await Promise.allSettled(touches.slice(sent, sent + 512).map(touch => this.#apply(touch)))
    }
  }

  #gather(touch: Touch): void {
    this.#pending.set(touch.id, touch)
    if (this.#pending.size >= MAX_PENDING) void this.flush()
    else this.#timer ??= setTimeout(() => void this.flush(), this.#interval).unref()
  }

  #send(touch: Touch): void {
    void this.#apply(touch)
  }

  async #apply(touch: Touch): Promise<void> {
    try {
      await this.#batcher.apply(touch)
    } catch (error) {
      this.#events.emit("storeError", { operation: "touch", error })
    }
  }
}
