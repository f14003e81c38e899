import type { Change, Feed, FeedObserver, Outcome, SessionRecord } from "../../src/contract/index.ts"
import { ReferenceStore } from "../testing/reference-store.ts"

/** A store whose feed the test speaks for, and whose reads it counts and may delay or fail. */
export class FedStore extends ReferenceStore {
  /** The ids of each call to `find`. */
  readonly reads: (readonly string[])[] = []
  beforeRead: () => Promise<void> | void = () => undefined
  /** Runs between the read itself and its answer. */
  afterRead: () => Promise<void> | void = () => undefined
  /** Runs between a change and its answer. */
  afterApply: () => Promise<void> | void = () => undefined
  feedClosed = false
  closeFeed: () => Promise<void> = async () => undefined
  #observer: FeedObserver | undefined

  get feed(): FeedObserver {
    if (!this.#observer) throw new Error("nobody observes this store")
    return this.#observer
  }

  observe(observer: FeedObserver): Feed {
    this.#observer = observer
    return {
      close: async () => {
        await this.closeFeed()
        this.feedClosed = true
      },
    }
  }

  override async apply(changes: readonly Change[], signal?: AbortSignal): Promise<Outcome[]> {
    const outcomes = await super.apply(changes, signal)
    await this.afterApply()
    return outcomes
  }

  override async find(ids: readonly string[], signal?: AbortSignal): Promise<(SessionRecord | undefined)[]> {
    this.reads.push(ids)
    await this.beforeRead()
    const records = await super.find(ids, signal)
    await this.afterRead()
    return records
  }
}
