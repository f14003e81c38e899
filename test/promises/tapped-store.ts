import {
  type Change,
  type ClearableStore,
  type CountingStore,
  isObservable,
  type Outcome,
  type SessionRecord,
  type UserIndexedStore,
} from "../../src/contract/index.ts"

type Tapped = UserIndexedStore & CountingStore & ClearableStore
type Tap = () => Promise<void> | void

const pass: Tap = () => undefined

/**
 * Any store, with its calls written down, and with taps to delay or fail them. It is not immediate, so that each read takes
 * the way of a store on another machine.
 */
export class TappedStore implements Tapped {
  /** The ids of each call to `find`. */
  readonly finds: (readonly string[])[] = []
  /** The changes of each call to `apply`. */
  readonly applies: (readonly Change[])[] = []
  beforeFind: Tap = pass
  /** The store has answered, but nobody knows yet. */
  afterFind: Tap = pass
  beforeApply: Tap = pass
  /** The changes are stored, but nobody knows yet. */
  afterApply: Tap = pass
  beforeIndex: Tap = pass
  beforeSweep: Tap = pass
  readonly #store: Tapped

  constructor(store: Tapped) {
    this.#store = store
    if (isObservable(store)) Object.assign(this, { observe: store.observe.bind(store) })
  }

  /** All changes sent until now, in order. */
  get changes(): readonly Change[] {
    return this.applies.flat()
  }

  async find(ids: readonly string[], signal?: AbortSignal): Promise<(SessionRecord | undefined)[]> {
    this.finds.push(ids)
    await this.beforeFind()
    const records = await this.#store.find(ids, signal)
    await this.afterFind()
    return records
  }

  async apply(changes: readonly Change[], signal?: AbortSignal): Promise<Outcome[]> {
    this.applies.push(changes)
    await this.beforeApply()
    const outcomes = await this.#store.apply(changes, signal)
    await this.afterApply()
    return outcomes
  }

  async sweep(now: number, limit: number): Promise<readonly string[]> {
    await this.beforeSweep()
    return await this.#store.sweep(now, limit)
  }

  close(): Promise<void> {
    return this.#store.close()
  }

  async findByUser(userId: string, signal?: AbortSignal): Promise<SessionRecord[]> {
    await this.beforeIndex()
    return await this.#store.findByUser(userId, signal)
  }

  async countByUser(userId: string, signal?: AbortSignal): Promise<number> {
    await this.beforeIndex()
    return await this.#store.countByUser(userId, signal)
  }

  async revokeByUser(userId: string, except?: string, signal?: AbortSignal): Promise<readonly string[]> {
    await this.beforeIndex()
    return await this.#store.revokeByUser(userId, except, signal)
  }

  countLive(signal?: AbortSignal): Promise<number> {
    return this.#store.countLive(signal)
  }

  countUsersSeen(since: number, signal?: AbortSignal): Promise<number> {
    return this.#store.countUsersSeen(since, signal)
  }

  revokeAll(signal?: AbortSignal): Promise<number> {
    return this.#store.revokeAll(signal)
  }
}

/** A tap that answers as a store does that cannot be reached. */
export const unreachable: Tap = () => {
  throw new Error("connection refused")
}

/** A tap that never ends, as a store behind a dead connection. */
export const hanging: Tap = () => new Promise(() => undefined)
