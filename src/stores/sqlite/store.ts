import type { Change, Outcome } from "../../contract/change.ts"
import type { Feed, FeedObserver, FeedOptions } from "../../contract/feed.ts"
import type { Hit, HitOutcome } from "../../contract/hit.ts"
import type { SessionRecord } from "../../contract/record.ts"
import type {
  ClearableStore,
  CountingStore,
  ExternallyIndexedStore,
  HitCountingStore,
  ImmediateStore,
  ObservableStore,
  StoreContext,
  UserIndexedStore,
} from "../../contract/store.ts"
import { RunningCalls } from "../running-calls.ts"
import { closedError, isBusy, sqliteError } from "./errors.ts"
import { openVersionFeed } from "./feed.ts"
import type { SqliteSettings } from "./options.ts"
import type { SessionTable } from "./session-table.ts"
import { whileBusy } from "./waiting.ts"
import type { JobInput, JobName, JobResult, Writer } from "./writer.ts"

/** How many rows one transaction of `sweep` or `revokeAll` removes, so that other writers wait a few ms at most. */
const SLICE = 250

/** How many rate-limit counters one transaction of `sweep` removes, and how many such transactions there are at most. */
const HIT_SLICE = 1000
const HIT_SLICES = 100

/** Sessions in a SQLite database: read in the caller's thread, at once; written by the writer. */
export class SqliteStore
  implements
    ImmediateStore,
    UserIndexedStore,
    ExternallyIndexedStore,
    CountingStore,
    ClearableStore,
    HitCountingStore,
    ObservableStore
{
  readonly #table: SessionTable
  readonly #writer: Writer
  readonly #settings: SqliteSettings
  readonly #now: () => number
  readonly #calls = new RunningCalls(closedError)
  readonly #feeds = new Set<Feed>()

  constructor(table: SessionTable, writer: Writer, settings: SqliteSettings, context: StoreContext) {
    this.#table = table
    this.#writer = writer
    this.#settings = settings
    this.#now = context.now
  }

  findNow(id: string): SessionRecord | undefined {
    return this.#read(() => this.#table.find(id, this.#now()))
  }

  async find(ids: readonly string[]): Promise<(SessionRecord | undefined)[]> {
    return this.#read(() => this.#table.findMany(ids, this.#now()))
  }

  async findByUser(userId: string): Promise<SessionRecord[]> {
    return this.#read(() => this.#table.findByUser(userId, this.#now()))
  }

  async countByUser(userId: string): Promise<number> {
    return this.#read(() => this.#table.countByUser(userId, this.#now()))
  }

  apply(changes: readonly Change[], signal?: AbortSignal): Promise<Outcome[]> {
    return this.#whileOpen(() => this.#job("apply", () => [changes, this.#now()], signal))
  }

  revokeByUser(userId: string, except?: string, signal?: AbortSignal): Promise<readonly string[]> {
    return this.#whileOpen(() => this.#job("revokeByUser", () => [userId, except, this.#now()], signal))
  }

  revokeByExternalId(externalId: string, signal?: AbortSignal): Promise<readonly string[]> {
    return this.#whileOpen(() => this.#job("revokeByExternalId", () => [externalId, this.#now()], signal))
  }

  hit(hits: readonly Hit[], signal?: AbortSignal): Promise<HitOutcome[]> {
    return this.#whileOpen(() => this.#job("hit", () => [hits, this.#now()], signal))
  }

  countLive(signal?: AbortSignal): Promise<number> {
    return this.#whileOpen(() => this.#job("countLive", () => [this.#now()], signal))
  }

  countUsersSeen(since: number, signal?: AbortSignal): Promise<number> {
    return this.#whileOpen(() => this.#job("countUsersSeen", () => [since, this.#now()], signal))
  }

  sweep(now: number, limit: number): Promise<readonly string[]> {
    return this.#whileOpen(async () => {
      const removed: string[] = []
      for (let left = limit; left > 0; left = limit - removed.length) {
        const size = Math.min(SLICE, left)
        const slice = await this.#job("sweep", () => [now, size])
        removed.push(...slice)
        if (slice.length < size) break
      }
      await this.#sweepHits(now)
      return removed
    })
  }

  /** In slices: a session that is created while this runs may outlive it, one that was there before does not. */
  revokeAll(signal?: AbortSignal): Promise<number> {
    return this.#whileOpen(async () => {
      const lastRow = await this.#job("lastRow", () => [], signal)
      let revoked = 0
      for (let more = true; more; ) {
        const slice = await this.#job("revokeSlice", () => [lastRow, SLICE, this.#now()], signal)
        revoked += slice.live
        more = slice.more
      }
      return revoked
    })
  }

  observe(observer: FeedObserver, { heartbeatInterval }: FeedOptions): Feed {
    this.#calls.assertOpen()
    const dataVersion = (): Promise<number> => this.#whileOpen(() => this.#job("dataVersion", () => []))
    const feed = openVersionFeed({ observer, heartbeatInterval, dataVersion })
    this.#feeds.add(feed)
    return feed
  }

  close(): Promise<void> {
    return this.#calls.close(() => this.#close())
  }

  async #close(): Promise<void> {
    await Promise.allSettled([this.#calls.settled(), ...Array.from(this.#feeds, feed => feed.close())])
    try {
      await this.#writer.close()
    } catch (error) {
      throw sqliteError(error, this.#settings.path)
    } finally {
      this.#table.release()
    }
  }

  async #sweepHits(now: number): Promise<void> {
    for (let left = HIT_SLICES; left > 0; left--) {
      if ((await this.#job("sweepHits", () => [now, HIT_SLICE])) < HIT_SLICE) return
    }
  }

  #read<T>(work: () => T): T {
    this.#calls.assertOpen()
    try {
      return work()
    } catch (error) {
      return this.#readAgain(work, error)
    }
  }

  #readAgain<T>(work: () => T, reason: unknown): T {
    try {
      if (isBusy(reason)) return this.#table.patiently(work)
    } catch (error) {
      throw sqliteError(error, this.#settings.path)
    }
    throw sqliteError(reason, this.#settings.path)
  }

  /** One job, tried anew with the time of the moment while another process writes. */
  #job<Name extends JobName>(
    name: Name,
    input: () => JobInput<Name>,
    signal?: AbortSignal,
  ): Promise<JobResult<Name>> {
    return whileBusy(() => this.#writer.run(name, ...input()), this.#settings.busyTimeout, signal)
  }

  async #whileOpen<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await this.#calls.run(work)
    } catch (error) {
      throw sqliteError(error, this.#settings.path)
    }
  }
}
