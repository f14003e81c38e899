import type { Change, Outcome } from "../../../src/contract/change.ts"
import type { Feed, FeedObserver, FeedOptions, Notice } from "../../../src/contract/feed.ts"
import type { SessionRecord } from "../../../src/contract/record.ts"
import type { ObservableStore, UserIndexedStore } from "../../../src/contract/store.ts"
import type { Schedule } from "./schedule.ts"
import { type Server, Subscription } from "./server.ts"

/** One node's way to the server, with all that can go wrong on it. */
export class SimulatedStore implements ObservableStore, UserIndexedStore {
  /** Calls that have not been answered. */
  reading = 0
  /** Added to how long any answer is on its way back. */
  stalled = 0
  #subscription: Subscription | undefined
  #observer: FeedObserver | undefined
  #lastHeartbeat = 0
  readonly #schedule: Schedule
  readonly #server: Server

  constructor(schedule: Schedule, server: Server) {
    this.#schedule = schedule
    this.#server = server
  }

  async find(ids: readonly string[]): Promise<(SessionRecord | undefined)[]> {
    this.reading += 1
    await this.#schedule.sleep(this.#schedule.between(1, 12))
    const records = ids.map(id => this.#server.read(id))
    await this.#schedule.sleep(this.#schedule.between(1, 25) + this.#delay())
    this.reading -= 1
    return records
  }

  async apply(changes: readonly Change[]): Promise<Outcome[]> {
    await this.#schedule.sleep(this.#schedule.between(1, 12))
    const outcomes = changes.map(change => this.#server.apply(change))
    await this.#schedule.sleep(this.#schedule.between(1, 12) + this.#delay())
    return outcomes
  }

  async revokeByUser(userId: string): Promise<readonly string[]> {
    await this.#schedule.sleep(this.#schedule.between(1, 12))
    const ids = this.#server.revokeByUser(userId)
    await this.#schedule.sleep(this.#schedule.between(1, 12))
    return ids
  }

  async findByUser(userId: string): Promise<SessionRecord[]> {
    await this.#schedule.sleep(this.#schedule.between(1, 12))
    return this.#server.ofUser(userId)
  }

  async countByUser(userId: string): Promise<number> {
    return (await this.findByUser(userId)).length
  }

  async sweep(): Promise<readonly string[]> {
    return []
  }

  async close(): Promise<void> {}

  observe(observer: FeedObserver, { heartbeatInterval }: FeedOptions): Feed {
    this.#observer = observer
    this.#connect(heartbeatInterval)
    return { close: async () => {} }
  }

  /** From now on nothing arrives, and nobody notices at once. */
  halfOpen(): void {
    if (this.#subscription) this.#subscription.dead = true
  }

  slow(delay: number): void {
    if (this.#subscription) this.#subscription.slowness = delay
  }

  /** Answers overtake each other. */
  #delay(): number {
    return this.#schedule.between(0, this.stalled)
  }

  #connect(interval: number): void {
    const subscription = new Subscription(this.#schedule, message => {
      if (this.#subscription === subscription) message()
    })
    this.#subscription = subscription
    this.#schedule.after(this.#schedule.between(2, 30), () => {
      this.#server.subscribe(subscription, (notice: Notice) => this.#observer?.notice(notice))
      subscription.send(() => {
        this.#lastHeartbeat = this.#schedule.now
        this.#observer?.connected()
        this.#beat(subscription, interval)
      })
    })
  }

  #beat(subscription: Subscription, interval: number): void {
    if (this.#subscription !== subscription) return
    const sentAt = this.#schedule.now
    if (sentAt - this.#lastHeartbeat > 4 * interval) {
      this.#server.unsubscribe(subscription)
      this.#subscription = undefined
      this.#observer?.disconnected()
      this.#schedule.after(this.#schedule.between(1, 60), () => this.#connect(interval))
      return
    }
    this.#schedule.after(this.#schedule.between(0, 8), () =>
      subscription.send(() => {
        this.#lastHeartbeat = this.#schedule.now
        this.#observer?.heartbeat(sentAt)
      }),
    )
    this.#schedule.after(interval, () => this.#beat(subscription, interval))
  }
}
