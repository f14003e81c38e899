import type { Outcome, Patch, Revoke, Rotate, Seen, Touch } from "../contract/change.ts"
import type { SessionRecord } from "../contract/record.ts"
import type { Batcher } from "./batcher.ts"
import type { EventHub } from "./events.ts"
import { seenNow } from "./lifetimes.ts"

const MAX_PENDING = 50_000
const MAX_BATCH = 512

/**
 * Gathers last-seen times and sends them in batches (G7). A use that is too close to the idle end to wait for the next
 * batch goes at once, and what the store did not take is kept for the next, so that gathering never shortens a life.
 */
export class Toucher {
  readonly #pending = new Map<string, Touch>()
  #timer: NodeJS.Timeout | undefined
  #flushing: Promise<void> | undefined
  #closed = false
  readonly #batcher: Pick<Batcher, "apply">
  readonly #events: EventHub
  readonly #interval: number

  constructor(batcher: Pick<Batcher, "apply">, events: EventHub, interval: number) {
    this.#batcher = batcher
    this.#events = events
    this.#interval = interval
  }

  /** Notes a use; `confirm` tells that the current secret was seen for the first time, which cannot wait. */
  note(record: SessionRecord, now: number, confirm: boolean): void {
    const seen = seenNow(record, now)
    if (confirm) void this.#send([{ kind: "touch", id: record.id, seen, confirm: record.generation }])
    else if (this.#endsSoon(record, now)) void this.#send([{ kind: "touch", id: record.id, seen }])
    else this.#gather({ kind: "touch", id: record.id, seen })
  }

  /** The use that a change has to carry; `undefined` when the next batch tells it, as one is waiting already. */
  carriedBy(
    record: Pick<SessionRecord, "id" | "idleTimeout" | "expiresAt" | "absoluteExpiresAt">,
    now: number,
  ): Seen | undefined {
    const seen = seenNow(record, now)
    if (!this.#pending.has(record.id) || this.#endsSoon(record, now)) return seen
    this.#pending.set(record.id, { kind: "touch", id: record.id, seen })
    return undefined
  }

  /** Forgets what was gathered for a session that has ended, or that a change has touched as late. */
  settle(change: Patch | Rotate | Revoke, outcome: Outcome): void {
    const gathered = this.#pending.get(change.id)
    if (!gathered) return
    const ended = outcome.kind === "gone" || change.kind === "revoke"
    const seenAt = outcome.kind === "applied" && change.kind !== "revoke" ? change.seen?.at : undefined
    if (ended || (seenAt !== undefined && seenAt >= gathered.seen.at)) this.#pending.delete(change.id)
  }

  /** Sends everything that was gathered. Never rejects: a failure is told as `storeError`. */
  flush(): Promise<void> {
    this.#flushing ??= this.#sendGathered().finally(() => {
      this.#flushing = undefined
    })
    return this.#flushing
  }

  /** Sends what was gathered until now, for the last time. */
  async close(): Promise<void> {
    await this.#flushing
    await this.flush()
    this.#closed = true
    clearTimeout(this.#timer)
  }

  #endsSoon(
    { expiresAt, absoluteExpiresAt }: Pick<SessionRecord, "expiresAt" | "absoluteExpiresAt">,
    now: number,
  ): boolean {
    return expiresAt - now <= 2 * this.#interval && expiresAt < absoluteExpiresAt
  }

  #gather(touch: Touch): void {
    if (this.#pending.size < MAX_PENDING) {
      this.#pending.set(touch.id, touch)
      this.#schedule()
    } else {
      void this.flush()
      void this.#send([touch])
    }
  }

  #schedule(): void {
    if (!this.#closed) this.#timer ??= setTimeout(() => void this.flush(), this.#interval).unref()
  }

  async #sendGathered(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const touches = [...this.#pending.values()]
    for (let sent = 0; sent < touches.length; sent += MAX_BATCH) {
      const batch = touches
        .slice(sent, sent + MAX_BATCH)
        .filter(touch => this.#pending.get(touch.id) === touch)
      for (const { id } of batch) this.#pending.delete(id)
      if (!(await this.#send(batch))) break
    }
    if (this.#pending.size > 0) this.#schedule()
  }

  /** Whether the store took them all. What it did not take waits for the next flush, unless a newer use does already. */
  async #send(touches: readonly Touch[]): Promise<boolean> {
    const results = await Promise.allSettled(touches.map(touch => this.#batcher.apply(touch)))
    const failure = results.find(result => result.status === "rejected")
    if (!failure) return true
    for (const [index, touch] of touches.entries()) {
      if (results[index]?.status === "rejected") this.#keep(touch)
    }
    this.#events.emit("storeError", { operation: "touch", error: failure.reason })
    return false
  }

  #keep(touch: Touch): void {
    if (this.#pending.has(touch.id) || this.#pending.size >= MAX_PENDING) return
    this.#pending.set(touch.id, touch)
    this.#schedule()
  }
}
