import type { Change, Outcome } from "../contract/change.ts"
import { SessionError } from "../contract/errors.ts"
import type { SessionRecord } from "../contract/record.ts"
import type { SessionStore } from "../contract/store.ts"
import { type Deadline, withDeadline } from "./deadline.ts"

const MAX_BATCH = 512

interface Waiting<Item, Answer> {
  readonly item: Item
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

/**
 * Sends what piled up while the last call was in flight: natural batching, without a timer. Alone, an item leaves at once;
 * in a burst, one call carries up to 512 of them. A full queue refuses with `ERR_SESSION_OVERLOADED` (G10).
 */
class Lane<Item, Answer> {
  #waiting: Waiting<Item, Answer>[] = []
  #inFlight = false
  #idle: (() => void)[] = []
  readonly #send: (items: Item[]) => Promise<Answer[]>
  readonly #maxQueued: number

  constructor(send: (items: Item[]) => Promise<Answer[]>, maxQueued: number) {
    this.#send = send
    this.#maxQueued = maxQueued
  }

  add(item: Item): Promise<Answer> {
    if (this.#waiting.length >= this.#maxQueued) {
      const reason = `${this.#waiting.length} store operations wait already (limits.maxQueued)`
      return Promise.reject(
        new SessionError(
          "ERR_SESSION_OVERLOADED",
          `${reason}: the store is slower than the load; answer 503, or raise it`,
        ),
      )
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject })
      if (!this.#inFlight) void this.#run()
    })
  }

  /** Resolves when nothing waits any more. */
  drained(): Promise<void> {
    return this.#inFlight ? new Promise(resolve => this.#idle.push(resolve)) : Promise.resolve()
  }

  async #run(): Promise<void> {
    this.#inFlight = true
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, MAX_BATCH)
      try {
        const answers = await this.#send(batch.map(each => each.item))
        for (const [index, answer] of answers.entries()) batch[index]?.resolve(answer)
      } catch (error) {
        for (const each of batch) each.reject(error)
      }
    }
    this.#inFlight = false
    for (const resolve of this.#idle.splice(0)) resolve()
  }
}

/** One store's two lanes, each call under the deadline. */
export class Batcher {
  readonly #finds: Lane<string, SessionRecord | undefined>
  readonly #changes: Lane<Change, Outcome>

  constructor(store: SessionStore, deadline: Deadline, maxQueued: number) {
    this.#finds = new Lane(
      ids => withDeadline("find", deadline, signal => store.find(ids, signal)),
      maxQueued,
    )
    this.#changes = new Lane(
      changes => withDeadline("apply", deadline, signal => store.apply(changes, signal)),
      maxQueued,
    )
  }

  find(id: string): Promise<SessionRecord | undefined> {
    return this.#finds.add(id)
  }

  apply(change: Change): Promise<Outcome> {
    return this.#changes.add(change)
  }

  async drained(): Promise<void> {
    await Promise.all([this.#finds.drained(), this.#changes.drained()])
  }
}
