import { isSessionError, SessionError } from "../contract/errors.ts"
import { type Deadline, timeout, typed } from "./deadline.ts"
import type { Meters } from "./meter.ts"

const MAX_BATCH = 512
/** From so many items on, a call of their own beside one that is under way pays for itself. */
const WORTH_A_CALL = 16
/** How often, in the time of a deadline, a lane whose store hangs looks for what is due. */
const LOOKS = 64

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
  /** Whether no other may travel with it. */
  readonly isAlone: boolean
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

type Batch<Item, Answer> = readonly Waiting<Item, Answer>[]

interface Call<Item, Answer> {
  readonly batch: Batch<Item, Answer>
  giveUp(error: unknown): void
}

/**
 * Sends what piled up while the last call was in flight: natural batching, without a timer. Alone, an item leaves at once;
 * in a burst, one call carries up to 512 of them. After a call that carried several, what they cause in the same turn of
 * the event loop goes together. A full queue refuses with `ERR_SESSION_OVERLOADED` (G10). The deadline of an item begins
 * when it is added, so that a store that hangs holds nobody up for longer, however many wait (G12).
 */
export class Lane<Item, Answer> {
  /** None of them is about the subject of a call under way. */
  #waiting: Waiting<Item, Answer>[] = []
  /** All of them are. */
  #held: Waiting<Item, Answer>[] = []
  /** Subjects of the calls under way. */
  readonly #busy = new Set<string>()
  readonly #calls = new Set<Call<Item, Answer>>()
  #isGathering = false
  /** One timer for all. */
  #watch: NodeJS.Timeout | undefined
  readonly #idle: (() => void)[] = []
  readonly #route: Route<Item, Answer>

  constructor(route: Route<Item, Answer>) {
    this.#route = route
  }

  add(item: Item): Promise<Answer> {
    const { operation, maxQueued, deadline, meters } = this.#route
    if (this.#waiting.length + this.#held.length >= maxQueued) {
      meters.refuse(operation)
      return Promise.reject(overload(maxQueued))
    }
    return new Promise((resolve, reject) => {
      const each = { item, due: performance.now() + deadline, isAlone: false, resolve, reject }
      if (this.#isBusy(each)) this.#held.push(each)
      else this.#waiting.push(each)
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

  #isBusy({ item }: Waiting<Item, Answer>): boolean {
    return this.#busy.size > 0 && this.#busy.has(this.#route.subject?.(item) ?? "")
  }

  /** One call a turn: a server answers all that has reached it in one piece in one piece, too. */
  #pump(): void {
    if (this.#isGathering) return
    const batch = this.#waiting.splice(0, this.#share())
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
      this.#rest()
    })
  }

  /** How many leave now: all that wait, or their share where there are enough of them for several calls. */
  #share(): number {
    const { maxCalls = 1 } = this.#route
    const [waiting, free] = [this.#waiting.length, maxCalls - this.#calls.size]
    if (free <= 0 || (this.#calls.size > 0 && waiting < WORTH_A_CALL)) return 0
    if (this.#waiting[0]?.isAlone) return 1
    return Math.min(waiting < 2 * WORTH_A_CALL ? waiting : Math.ceil(waiting / free), MAX_BATCH)
  }

  async #carry(batch: Batch<Item, Answer>): Promise<void> {
    const call = { batch, giveUp: () => {} }
    this.#calls.add(call)
    const subjects = this.#occupy(batch)
    try {
      const answers = await this.#send(call)
      answers.forEach((answer, index) => {
        batch[index]?.resolve(answer)
      })
    } catch (error) {
      if (batch.length > 1 && isSessionError(error, "ERR_SESSION_STORE_FULL")) this.#sendSingly(batch)
      else for (const each of batch) each.reject(error)
    }
    this.#calls.delete(call)
    this.#release(subjects)
    if (batch.length > 1) this.#gather()
    else this.#pump()
    this.#rest()
  }

  /** Only where another call could be under way as well. */
  #occupy(batch: Batch<Item, Answer>): readonly string[] {
    const { maxCalls = 1, subject } = this.#route
    if (maxCalls === 1 || !subject) return []
    const subjects = batch.map(each => subject(each.item))
    for (const each of subjects) this.#busy.add(each)
    const waiting: Waiting<Item, Answer>[] = []
    for (const each of this.#waiting) (this.#isBusy(each) ? this.#held : waiting).push(each)
    this.#waiting = waiting
    return subjects
  }

  #release(subjects: readonly string[]): void {
    for (const each of subjects) this.#busy.delete(each)
    if (this.#held.length === 0) return
    const held: Waiting<Item, Answer>[] = []
    for (const each of this.#held) (this.#isBusy(each) ? held : this.#waiting).push(each)
    this.#held = held
  }

  /** A full store has applied nothing of a batch: what needs no room passes alone, such as a logout that makes some. */
  #sendSingly(batch: Batch<Item, Answer>): void {
    const left = batch.filter(earlyAt(soon()))
    this.#waiting.unshift(...left.map(each => ({ ...each, isAlone: true })))
  }

  /** Lets go of the process, and of those who wait for the end, when nothing is left to do. */
  #rest(): void {
    if (!this.#isIdle) return
    this.#watch?.unref()
    for (const resolve of this.#idle.splice(0)) resolve()
  }

  async #send(call: Call<Item, Answer>): Promise<Answer[]> {
    const { operation, meters } = this.#route
    const { length } = call.batch
    try {
      const answers = await meters.measure(operation, length, () => this.#begin(call))
      if (answers.length !== length) throw incomplete(operation, length, answers.length)
      return answers
    } catch (error) {
      throw typed(operation, error)
    }
  }

  /** Settles as the call does, or rejects when it is given up. */
  #begin(call: Call<Item, Answer>): Promise<Answer[]> {
    return new Promise((resolve, reject) => {
      const controller = new AbortController()
      call.giveUp = error => {
        reject(error)
        controller.abort(error)
      }
      const items = call.batch.map(each => each.item)
      this.#route.send(items, controller.signal).then(resolve, reject)
    })
  }

  /** What is due fails, sent or not; a change that has not been sent must not be stored after all. */
  #endOverdue(): void {
    const { operation, deadline } = this.#route
    const error = timeout(operation, deadline)
    const isEarly = earlyAt(soon())
    for (const each of this.#pending().flat()) if (!isEarly(each)) each.reject(error)
    for (const { batch, giveUp } of this.#calls) if (!batch.some(isEarly)) giveUp(error)
    this.#waiting = this.#waiting.filter(isEarly)
    this.#held = this.#held.filter(isEarly)
    this.#watch = this.#watchOver(this.#pending().flat().filter(isEarly))
    this.#rest()
  }

  #watchOver(pending: Batch<Item, Answer>): NodeJS.Timeout | undefined {
    if (pending.length === 0) return undefined
    const due = pending.reduce((first, each) => Math.min(first, each.due), Number.POSITIVE_INFINITY)
    // What is added each millisecond is also due each millisecond: not worth a look at all the rest.
    const pause = Math.max(due - performance.now(), this.#route.deadline / LOOKS)
    return setTimeout(() => this.#endOverdue(), pause)
  }

  #pending(): Batch<Item, Answer>[] {
    return [...Array.from(this.#calls, ({ batch }) => batch), this.#waiting, this.#held]
  }
}

/** A timer may come a little before its time. */
const soon = (): number => performance.now() + 1

const earlyAt =
  (now: number) =>
  ({ due }: { readonly due: number }): boolean =>
    due > now

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
