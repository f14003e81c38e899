import type { Outcome, Patch, Revoke, Rotate, Seen, Touch } from "../contract/change.ts"
import type { SessionRecord } from "../contract/record.ts"
import type { Batcher } from "./batcher.ts"
import type { EventHub } from "./events.ts"
import { seenNow } from "./lifetimes.ts"

const MAX_PENDING = 50_000
const MAX_BATCH = 512

/** The last use of a session. While it waits it is changed in place, as each request is one. */
interface Use {
  readonly id: string
  at: number
  idleTimeout: number
  /** The generation whose secret was seen in use for the first time. */
  readonly confirm: number | undefined
}

/**
 * Gathers last-seen times and sends them in batches (G7). A use that is too close to the idle end to wait for the next
 * batch goes at once, and what the store did not take is kept for the next, so that gathering never shortens a life.
 */
export class Toucher {
  readonly #pending = new Map<string, Use>()
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
    if (confirm) void this.#send([useOf(record, now, record.generation)])
    else if (this.#endsSoon(record, now)) void this.#send([useOf(record, now)])
    else if (!this.#gatherAgain(record, now)) this.#gather(useOf(record, now))
  }

  /** The use that a change has to carry; `undefined` when the next batch tells it, as one is waiting already. */
  carriedBy(
    record: Pick<SessionRecord, "id" | "idleTimeout" | "expiresAt" | "absoluteExpiresAt">,
    now: number,
  ): Seen | undefined {
    if (!this.#endsSoon(record, now) && this.#gatherAgain(record, now)) return undefined
    return seenNow(record, now)
  }

  /** Forgets what was gathered for a session that has ended, or that a change has touched as late. */
  settle(change: Patch | Rotate | Revoke, outcome: Outcome): void {
    const gathered = this.#pending.get(change.id)
    if (!gathered) return
    const ended = outcome.kind === "gone" || change.kind === "revoke"
    const seenAt = outcome.kind === "applied" && change.kind !== "revoke" ? change.seen?.at : undefined
    if (ended || (seenAt !== undefined && seenAt >= gathered.at)) this.#pending.delete(change.id)
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

  /** Whether a use of the session was waiting, which is as late as this one now. */
  #gatherAgain({ id, idleTimeout }: Pick<SessionRecord, "id" | "idleTimeout">, now: number): boolean {
    const waiting = this.#pending.get(id)
    if (!waiting) return false
    waiting.at = now
    waiting.idleTimeout = idleTimeout
    return true
  }

  #gather(use: Use): void {
    if (this.#pending.size < MAX_PENDING) {
      this.#pending.set(use.id, use)
      this.#schedule()
    } else {
      void this.flush()
      void this.#send([use])
    }
  }

  #schedule(): void {
    if (!this.#closed) this.#timer ??= setTimeout(() => void this.flush(), this.#interval).unref()
  }

  async #sendGathered(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const uses = [...this.#pending.values()]
    for (let sent = 0; sent < uses.length; sent += MAX_BATCH) {
      const batch = uses.slice(sent, sent + MAX_BATCH).filter(use => this.#pending.get(use.id) === use)
      for (const { id } of batch) this.#pending.delete(id)
      if (!(await this.#send(batch))) break
    }
    if (this.#pending.size > 0) this.#schedule()
  }

  /** Whether the store took them all. What it did not take waits for the next flush, unless a newer use does already. */
  async #send(uses: readonly Use[]): Promise<boolean> {
    const results = await Promise.allSettled(uses.map(use => this.#batcher.apply(touchOf(use))))
    const failure = results.find(result => result.status === "rejected")
    if (!failure) return true
    for (const [index, use] of uses.entries()) {
      if (results[index]?.status === "rejected") this.#keep(use)
    }
    this.#events.emit("storeError", { operation: "touch", error: failure.reason })
    return false
  }

  #keep(use: Use): void {
    if (this.#pending.has(use.id) || this.#pending.size >= MAX_PENDING) return
    this.#pending.set(use.id, use)
    this.#schedule()
  }
}

const useOf = ({ id, idleTimeout }: SessionRecord, at: number, confirm?: number): Use => ({
  id,
  at,
  idleTimeout,
  confirm,
})

function touchOf({ id, at, idleTimeout, confirm }: Use): Touch {
  const touch: Touch = { kind: "touch", id, seen: seenNow({ idleTimeout }, at) }
  return confirm === undefined ? touch : { ...touch, confirm }
}
