import type { Change, Outcome } from "../contract/change.ts"
import { isSessionError, SessionError } from "../contract/errors.ts"
import type { SessionRecord } from "../contract/record.ts"
import type { SessionStore } from "../contract/store.ts"
import { type Deadline, timeout, withDeadline } from "./deadline.ts"
import type { Meters } from "./meter.ts"

const MAX_BATCH = 512

interface Waiting<Item, Answer> {
  readonly item: Item
  /** When its deadline ends, on the monotonic clock. */
  readonly due: number
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

/** What a lane sends, and how. */
interface Route<Item, Answer> {
  readonly operation: string
  readonly deadline: Deadline
  readonly maxQueued: number
  readonly meters: Meters
  readonly send: (items: Item[], signal: AbortSignal) => Promise<Answer[]>
}

/**
 * Sends what piled up while the last call was in flight: natural batching, without a timer. Alone, an item leaves at once;
 * in a burst, one call carries up to 512 of them. A full queue refuses with `ERR_SESSION_OVERLOADED` (G10). The deadline of
 * an item begins when it is added, so that a store that hangs holds nobody up for longer, however many wait (G12).
 */
export class Lane<Item, Answer> {
  readonly #waiting: Waiting<Item, Answer>[] = []
  #inFlight = false
  readonly #idle: (() => void)[] = []
  readonly #route: Route<Item, Answer>

  constructor(route: Route<Item, Answer>) {
    this.#route = route
  }

  add(item: Item): Promise<Answer> {
    const { maxQueued, deadline } = this.#route
    if (this.#waiting.length >= maxQueued) return Promise.reject(overload(maxQueued))
    return new Promise((resolve, reject) => {
      const waiting = { item, due: performance.now() + deadline, resolve, reject }
      this.#waiting.push(this.#inFlight ? this.#limited(waiting) : waiting)
      if (!this.#inFlight) void this.#run()
    })
  }

  /** Resolves when nothing waits any more. */
  drained(): Promise<void> {
    return this.#inFlight ? new Promise(resolve => this.#idle.push(resolve)) : Promise.resolve()
  }

  /** The same, but rejected when its own deadline ends, in the queue or in flight. */
  #limited(waiting: Waiting<Item, Answer>): Waiting<Item, Answer> {
    const { operation, deadline } = this.#route
    const timer = setTimeout(() => {
      // Those before it have the earlier deadlines: still in the queue, it is the first.
      if (this.#waiting[0] === limited) this.#waiting.shift()
      waiting.reject(timeout(operation, deadline))
    }, deadline)
    const limited: Waiting<Item, Answer> = {
      ...waiting,
      resolve: answer => {
        clearTimeout(timer)
        waiting.resolve(answer)
      },
      reject: error => {
        clearTimeout(timer)
        waiting.reject(error)
      },
    }
    return limited
  }

  async #run(): Promise<void> {
    this.#inFlight = true
    for (let batch = this.#next(); batch.length > 0; batch = this.#next()) {
      try {
        const answers = await this.#send(batch)
        answers.forEach((answer, index) => {
          batch[index]?.resolve(answer)
        })
      } catch (error) {
        if (batch.length > 1 && isSessionError(error, "ERR_SESSION_STORE_FULL")) await this.#runSingly(batch)
        else for (const each of batch) each.reject(error)
      }
    }
    this.#inFlight = false
    for (const resolve of this.#idle.splice(0)) resolve()
  }

  /** A full store has applied nothing of a batch: what needs no room passes alone, such as a logout that makes some. */
  async #runSingly(batch: readonly Waiting<Item, Answer>[]): Promise<void> {
    for (const each of batch) {
      try {
        for (const answer of await this.#send([each])) each.resolve(answer)
      } catch (error) {
        each.reject(error)
      }
    }
  }

  /** What waits, but for what is due already: its change must not be stored after all. */
  #next(): Waiting<Item, Answer>[] {
    const { operation, deadline } = this.#route
    const soon = performance.now() + 1
    while ((this.#waiting[0]?.due ?? soon) < soon) this.#waiting.shift()?.reject(timeout(operation, deadline))
    return this.#waiting.splice(0, MAX_BATCH)
  }

  /** The call may take until the deadline of the item that was added last. */
  async #send(batch: readonly Waiting<Item, Answer>[]): Promise<Answer[]> {
    const { operation, deadline, meters, send } = this.#route
    const due = batch.at(-1)?.due ?? 0
    const left = Math.min(deadline, Math.ceil(due - performance.now()))
    const items = batch.map(each => each.item)
    const call = () => withDeadline(operation, left, signal => send(items, signal))
    const answers = await meters.measure(operation, items.length, call)
    if (answers.length !== items.length) throw incomplete(operation, items.length, answers.length)
    return answers
  }
}

const overload = (maxQueued: number): SessionError =>
  new SessionError(
    "ERR_SESSION_OVERLOADED",
    `${maxQueued} store operations wait already (limits.maxQueued): the store is slower than the load; ` +
      "answer 503, or raise it",
  )

const incomplete = (operation: string, asked: number, answered: number): SessionError =>
  new SessionError(
    "ERR_SESSION_STORE_UNAVAILABLE",
    `the store gave ${answered} answers to ${asked} in ${operation}: its driver is faulty; run the contract suite against it`,
  )

/** One store's two lanes. */
export class Batcher {
  readonly #finds: Lane<string, SessionRecord | undefined>
  readonly #changes: Lane<Change, Outcome>

  constructor(store: SessionStore, deadline: Deadline, maxQueued: number, meters: Meters) {
    const find = (ids: string[], signal: AbortSignal) => store.find(ids, signal)
    const apply = (changes: Change[], signal: AbortSignal) => store.apply(changes, signal)
    this.#finds = new Lane({ operation: "find", deadline, maxQueued, meters, send: find })
    this.#changes = new Lane({ operation: "apply", deadline, maxQueued, meters, send: apply })
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
