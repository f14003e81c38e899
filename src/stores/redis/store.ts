import { type Change, idOf, type Outcome } from "../../contract/change.ts"
import type { Feed, FeedObserver, FeedOptions } from "../../contract/feed.ts"
import type { Hit, HitOutcome } from "../../contract/hit.ts"
import type { SessionRecord } from "../../contract/record.ts"
import type {
  ClearableStore,
  CountingStore,
  ExternallyIndexedStore,
  HitCountingStore,
  ObservableStore,
  ParallelStore,
  StoreContext,
  UserIndexedStore,
} from "../../contract/store.ts"
import { RunningCalls } from "../running-calls.ts"
import { BucketQueries, type CallSlice } from "./bucket-queries.ts"
import type { Call } from "./call.ts"
import { ChangeWriter } from "./change-writer.ts"
import type { Connection } from "./connection.ts"
import { currentSource } from "./current-source.ts"
import { closedError } from "./errors.ts"
import { openPubSubFeed } from "./feed.ts"
import { HitCounter } from "./hit-counter.ts"
import { IndexQueries } from "./index-queries.ts"
import type { Layout } from "./layout.ts"
import type { Replication } from "./replication.ts"
import { bucketScripts } from "./scripts/bucket-scripts.ts"
import { indexScripts } from "./scripts/index-scripts.ts"
import type { ScriptOptions } from "./scripts/script.ts"
import { SessionReader } from "./session-reader.ts"

/** Sessions in Redis or Valkey. */
export class RedisStore
  implements
    ParallelStore,
    UserIndexedStore,
    ExternallyIndexedStore,
    CountingStore,
    ClearableStore,
    HitCountingStore,
    ObservableStore
{
  /** While the server works on one, the next is written or its answer read. */
  readonly parallelCalls = 2
  readonly #connection: Connection
  readonly #layout: Layout
  readonly #replication: Replication
  readonly #now: () => number
  readonly #reader: SessionReader
  readonly #writer: ChangeWriter
  readonly #index: IndexQueries
  readonly #buckets: BucketQueries
  readonly #hits: HitCounter
  readonly #calls = new RunningCalls(closedError)
  readonly #feeds = new Set<Feed>()

  constructor(
    connection: Connection,
    layout: Layout,
    replication: Replication,
    scripts: ScriptOptions,
    context: StoreContext,
  ) {
    this.#connection = connection
    this.#layout = layout
    this.#replication = replication
    this.#now = context.now
    this.#reader = new SessionReader(layout, connection.client.kind)
    this.#writer = new ChangeWriter(layout, scripts)
    this.#index = new IndexQueries(layout, indexScripts(scripts))
    this.#buckets = new BucketQueries(layout, bucketScripts(scripts))
    this.#hits = new HitCounter(layout)
  }

  find(ids: readonly string[], signal?: AbortSignal): Promise<(SessionRecord | undefined)[]> {
    return this.#call("find", signal, call => this.#reader.read(call, ids, this.#now()))
  }

  apply(changes: readonly Change[], signal?: AbortSignal): Promise<Outcome[]> {
    return this.#call("apply", signal, async call => {
      const outcomes = await this.#writer.apply(call, changes, this.#now())
      const lasting = () => changes.filter(change => change.kind !== "touch").map(idOf)
      await this.#replication.settle(call, () => this.#layout.bucketKeys(lasting()))
      return outcomes
    })
  }

  sweep(now: number, limit: number): Promise<readonly string[]> {
    return this.#calls.run(() => this.#buckets.sweep(this.#slices("sweep"), now, limit))
  }

  findByUser(userId: string, signal?: AbortSignal): Promise<SessionRecord[]> {
    return this.#call("findByUser", signal, call => this.#index.findByUser(call, userId, this.#now()))
  }

  countByUser(userId: string, signal?: AbortSignal): Promise<number> {
    return this.#call("countByUser", signal, call => this.#index.countByUser(call, userId, this.#now()))
  }

  revokeByUser(userId: string, except?: string, signal?: AbortSignal): Promise<readonly string[]> {
    return this.#call("revokeByUser", signal, async call => {
      const ids = await this.#index.revokeByUser(call, userId, except, this.#now())
      await this.#replication.settle(call, () => this.#layout.bucketKeys(ids))
      return ids
    })
  }

  revokeByExternalId(externalId: string, signal?: AbortSignal): Promise<readonly string[]> {
    return this.#call("revokeByExternalId", signal, async call => {
      const ids = await this.#index.revokeByExternalId(call, externalId, this.#now())
      await this.#replication.settle(call, () => this.#layout.bucketKeys(ids))
      return ids
    })
  }

  countLive(signal?: AbortSignal): Promise<number> {
    return this.#call("countLive", signal, call => this.#buckets.countLive(call, this.#now()))
  }

  countUsersSeen(since: number, signal?: AbortSignal): Promise<number> {
    const slices = this.#slices("countUsersSeen", signal)
    return this.#calls.run(() => this.#buckets.countUsersSeen(slices, since, this.#now()))
  }

  /** In slices: a session that is created while this runs may end, too; one that was there before does. */
  revokeAll(signal?: AbortSignal): Promise<number> {
    const slices = this.#slices("revokeAll", signal)
    return this.#calls.run(async () => {
      const revoked = await this.#buckets.revokeAll(slices, this.#now())
      await slices(call => this.#replication.settle(call, () => this.#layout.bases()))
      return revoked
    })
  }

  hit(hits: readonly Hit[], signal?: AbortSignal): Promise<HitOutcome[]> {
    return this.#call("hit", signal, call => this.#hits.hit(call, hits, this.#now()))
  }

  observe(observer: FeedObserver, options: FeedOptions): Feed {
    this.#calls.assertOpen()
    const feed = openPubSubFeed({
      ...options,
      source: currentSource(this.#connection),
      channels: this.#layout.channels(),
      observer,
    })
    this.#feeds.add(feed)
    return {
      close: async () => {
        await feed.close()
        this.#feeds.delete(feed)
      },
    }
  }

  close(): Promise<void> {
    return this.#calls.close(() => this.#close())
  }

  async #close(): Promise<void> {
    await Promise.allSettled(Array.from(this.#feeds, feed => feed.close()))
    await this.#calls.settled()
    this.#connection.close()
  }

  #call<T>(operation: string, signal: AbortSignal | undefined, work: (call: Call) => Promise<T>): Promise<T> {
    return this.#calls.run(() => this.#connection.call(operation, signal, work))
  }

  #slices(operation: string, signal?: AbortSignal): CallSlice {
    return work => this.#connection.call(operation, signal, work)
  }
}
