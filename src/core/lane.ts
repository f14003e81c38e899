import { isSessionError, SessionError } from "../contract/errors.ts"
import { type Deadline, timeout, typed } from "./deadline.ts"
import type { Meters } from "./meter.ts"

const MAX_BATCH = 512
/** From so many items on, a call of their own beside one that is under way pays for itself. */
const WORTH_A_CALL = 16

/** What a lane sends, and how. */
export interface Route<Item, Answer> {
  readonly operation: string
  readonly deadline: Deadline
  readonly maxQueued: number
  readonly meters: Meters
  readonly send: (items: Item[], signal: AbortSignal) => Promise<Answer[]>
  /** How many calls may be under way at once. Default 1. */
  readonly maxCalls?: number
  /** What the item is about: never in two calls at once, so that its changes apply in the order given. */
  readonly subject?: (item: Item) => string
}

interface Waiting<Item, Answer> {
  readonly item: Item
  /** When its deadline ends, on the monotonic clock. */
  readonly due: number
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

type Batch<Item, Answer> = readonly Waiting<Item, Answer>[]

interface Call<Item, Answer> {
  readonly batch: Batch<Item, Answer>
  readonly giveUp: (error: unknown) => void
}

/**
 * Sends what piled up while the last call was in flight: natural batching, without a timer. Alone, an item leaves at once;
 * in a burst, one call carries up to 512 of them. After a call that carried several, what they cause in the same turn of
 * the event loop goes together. A full queue refuses with `ERR_SESSION_OVERLOADED` (G10). The deadline of an item begins
 * when it is added, so that a store that hangs holds nobody up for longer, however many wait (G12).
 */
export class Lane<Item, Answer> {
  #waiting: Waiting<Item, Answer>[] = []
  readonly #calls = new Set<Call<Item, Answer>>()
  /** Subjects of the calls under way. */
  readonly #busy = new Set<string>()
  #isGathering = false
  /** One timer for all: what is added later is due later. */
  #watch: NodeJS.Timeout | undefined
  readonly #idle: (() => void)[] = []
  readonly #route: Route<Item, Answer>

  constructor(route: Route<Item, Answer>) {
    this.#route = route
  }

  add(item: Item): Promise<Answer> {
    const { operation, maxQueued, deadline, meters } = this.#route
    if (this.#waiting.length >= maxQueued) {
      meters.refuse(operation)
      return Promise.reject(overload(maxQueued))
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, due: performance.now() + deadline, resolve, reject })
      this.#watch = this.#watch?.ref() ?? setTimeout(() => this.#endOverdue(), deadline)
      this.#pump()
    })
  }

  /** Resolves when nothing waits any more. */
  drained(): Promise<void> {
    return this.#isIdle ? Promise.resolve() : new Promise(resolve => this.#idle.push(resolve))
  }

  get #isIdle(): boolean {
    return this.#calls.size === 0 && this.#waiting.length === 0
  }

  /** One call a turn: a server answers all that has reached it in one piece in one piece, too. */
  #pump(): void {
    if (this.#isGathering) return
    const batch = this.#next()
    if (batch.length === 0) return
    void this.#carry(batch)
    if (this.#waiting.length >= WORTH_A_CALL) this.#gather()
  }

  #gather(): void {
    if (this.#isGathering) return
    this.#isGathering = true
    setImmediate(() => {
      this.#isGathering = false
      this.#pump()
    })
  }

  /** What leaves now: all that waits, or its share where there is enough of it for several calls. */
  #next(): Batch<Item, Answer> {
    const { maxCalls = 1 } = this.#route
    const [waiting, free] = [this.#waiting.length, maxCalls - this.#calls.size]
    if (free <= 0 || (this.#calls.size > 0 && waiting < WORTH_A_CALL)) return []
    const share = waiting < 2 * WORTH_A_CALL ? waiting : Math.ceil(waiting / free)
    return this.#take(Math.min(share, MAX_BATCH))
  }

  /** The first of those that wait, but for what is about the subject of a call under way. */
  #take(count: number): Batch<Item, Answer> {
    if (this.#busy.size === 0) return this.#waiting.splice(0, count)
    const taken: Waiting<Item, Answer>[] = []
    const left: Waiting<Item, Answer>[] = []
    for (const each of this.#waiting) (taken.length < count && this.#isFree(each) ? taken : left).push(each)
    this.#waiting = left
    return taken
  }

  #isFree({ item }: Waiting<Item, Answer>): boolean {
    const { subject } = this.#route
    return !subject || !this.#busy.has(subject(item))
  }

  async #carry(batch: Batch<Item, Answer>): Promise<void> {
    const subjects = this.#occupy(batch)
    try {
      const answers = await this.#send(batch)
      answers.forEach((answer, index) => {
        batch[index]?.resolve(answer)
      })
    } catch (error) {
      if (batch.length > 1 && isSessionError(error, "ERR_SESSION_STORE_FULL")) await this.#carrySingly(batch)
      else for (const each of batch) each.reject(error)
    }
    for (const subject of subjects) this.#busy.delete(subject)
    this.#goOn(batch.length > 1)
  }

  /** Only where another call could be under way as well. */
  #occupy(batch: Batch<Item, Answer>): readonly string[] {
    const { maxCalls = 1, subject } = this.#route
    if (maxCalls === 1 || !subject) return []
    const subjects = batch.map(each => subject(each.item))
    for (const each of subjects) this.#busy.add(each)
    return subjects
  }

  /** A full store has applied nothing of a batch: what needs no room passes alone, such as a logout that makes some. */
  async #carrySingly(batch: Batch<Item, Answer>): Promise<void> {
    const { operation, deadline } = this.#route
    for (const each of batch) {
      try {
        if (each.due <= performance.now()) throw timeout(operation, deadline)
        for (const answer of await this.#send([each])) each.resolve(answer)
      } catch (error) {
        each.reject(error)
      }
    }
  }

  #goOn(gather: boolean): void {
    if (gather) this.#gather()
    else this.#pump()
    if (!this.#isIdle) return
    this.#watch?.unref()
    for (const resolve of this.#idle.splice(0)) resolve()
  }

  async #send(batch: Batch<Item, Answer>): Promise<Answer[]> {
    const { operation, meters } = this.#route
    try {
      const answers = await meters.measure(operation, batch.length, () => this.#call(batch))
      if (answers.length !== batch.length) throw incomplete(operation, batch.length, answers.length)
      return answers
    } catch (error) {
      throw typed(operation, error)
    }
  }

  /** Settles as the call does, or rejects when it is given up. */
  #call(batch: Batch<Item, Answer>): Promise<Answer[]> {
    return new Promise((resolve, reject) => {
      const controller = new AbortController()
      const giveUp = (error: unknown): void => {
        this.#calls.delete(call)
        reject(error)
        controller.abort(error)
      }
      const call = { batch, giveUp }
      this.#calls.add(call)
      const items = batch.map(each => each.item)
      this.#route.send(items, controller.signal).then(
        answers => {
          this.#calls.delete(call)
          resolve(answers)
        },
        error => {
          this.#calls.delete(call)
          reject(error)
        },
      )
    })
  }

  /** What is due fails, sent or not; a change that has not been sent must not be stored after all. */
  #endOverdue(): void {
    const { operation, deadline } = this.#route
    const now = performance.now() + 1
    const error = timeout(operation, deadline)
    const end = (batch: Batch<Item, Answer>): void => {
      for (const each of batch) if (each.due <= now) each.reject(error)
    }
    end(this.#waiting)
    this.#waiting = this.#waiting.filter(each => each.due > now)
    for (const { batch, giveUp } of this.#calls) {
      end(batch)
      if (batch.every(each => each.due <= now)) giveUp(error)
    }
    this.#watchOn(now)
  }

  #watchOn(now: number): void {
    const pending = [...this.#calls].flatMap(call => call.batch).concat(this.#waiting)
    const due = Math.min(...pending.map(each => each.due).filter(each => each > now))
    this.#watch = Number.isFinite(due) ? setTimeout(() => this.#endOverdue(), due - now + 1) : undefined
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
