import { applyChange } from "../../../src/contract/apply-change.ts"
import { type Change, idOf, type Outcome } from "../../../src/contract/change.ts"
import type { Notice } from "../../../src/contract/feed.ts"
import type { SessionRecord } from "../../../src/contract/record.ts"
import type { Schedule } from "./schedule.ts"

/** When the simulated clock starts, in milliseconds since 1970. */
export const START = 1_700_000_000_000

/** A node's subscription: messages arrive in order, each after a delay of its own, unless the line is dead. */
export class Subscription {
  /** Bytes vanish, and nobody is told: a half-open connection. */
  dead = false
  /** Added to every delay. */
  slowness = 0
  #last = 0
  readonly #schedule: Schedule
  readonly #deliver: (message: () => void) => void

  constructor(schedule: Schedule, deliver: (message: () => void) => void) {
    this.#schedule = schedule
    this.#deliver = deliver
  }

  send(message: () => void): void {
    if (this.dead) return
    this.#last = Math.max(this.#last, this.#schedule.now + this.#schedule.between(0, 8) + this.slowness)
    this.#schedule.at(this.#last, () => this.#deliver(message))
  }
}

/** The one place where sessions are; each change is atomic, and is announced at the moment it takes effect. */
export class Server {
  readonly #records = new Map<string, SessionRecord>()
  readonly #subscriptions = new Map<Subscription, (notice: Notice) => void>()
  readonly #schedule: Schedule

  constructor(schedule: Schedule) {
    this.#schedule = schedule
  }

  subscribe(subscription: Subscription, notice: (notice: Notice) => void): void {
    this.#subscriptions.set(subscription, notice)
  }

  unsubscribe(subscription: Subscription): void {
    this.#subscriptions.delete(subscription)
  }

  read(id: string): SessionRecord | undefined {
    return this.#records.get(id)
  }

  apply(change: Change): Outcome {
    const id = idOf(change)
    const { outcome, record } = applyChange(this.#records.get(id), change, START + this.#schedule.now)
    if (record) this.#records.set(id, record)
    else this.#records.delete(id)
    if (outcome.kind !== "applied") return outcome
    if (change.kind === "revoke") this.#announce({ kind: "revoked", id })
    if (change.kind === "patch" || change.kind === "rotate")
      this.#announce({ kind: "changed", id, version: outcome.version })
    return outcome
  }

  ofUser(userId: string): SessionRecord[] {
    return [...this.#records.values()].filter(({ login }) => login?.userId === userId)
  }

  revokeByUser(userId: string): string[] {
    const ids = this.ofUser(userId).map(({ id }) => id)
    for (const id of ids) this.#records.delete(id)
    this.#announce({ kind: "userRevoked", userId })
    return ids
  }

  #announce(notice: Notice): void {
    for (const [subscription, tell] of this.#subscriptions) subscription.send(() => tell(notice))
  }
}
