import { liveData } from "../../contract/apply-change.ts"
import type { Change, Outcome } from "../../contract/change.ts"
import type { Feed, FeedObserver, FeedOptions, Notice } from "../../contract/feed.ts"
import type { Hit, HitOutcome } from "../../contract/hit.ts"
import type { SessionRecord } from "../../contract/record.ts"
import type {
  ClearableStore,
  Counters,
  CountingStore,
  ExternallyIndexedStore,
  HitCountingStore,
  MeasuredStore,
  ObservableStore,
  ParallelStore,
  StoreContext,
  UserIndexedStore,
} from "../../contract/store.ts"
import { RunningCalls } from "../running-calls.ts"
import { Announcer } from "./announcer.ts"
import { ChangeRunner } from "./change-runner.ts"
import { changeStatements } from "./change-statements.ts"
import type { Database, Statement } from "./database.ts"
import { closedError } from "./errors.ts"
import { openListenFeed } from "./feed.ts"
import type { ConnectFeed } from "./feed-connection.ts"
import { Hits } from "./hits.ts"
import { namesFor } from "./names.ts"
import { channelFor, payloadsOf } from "./notices.ts"
import type { PostgresSettings } from "./options.ts"
import type { PostgresRow } from "./pool.ts"
import { decodeRecord } from "./row.ts"
import { announceStatement, type Statements, storeStatements } from "./statements.ts"
import { sweepSlices } from "./sweep.ts"
import { decodeText, encodeText } from "./text.ts"

/** How many rows one statement of `revokeAll` removes, so that it holds few locks for a short time. */
const SLICE = 1000

/** What a store is made of. */
export interface StoreParts {
  readonly database: Database
  readonly settings: PostgresSettings
  readonly connectFeed: ConnectFeed
  /** Ends the pool, if it is the store's own. */
  readonly endPool: () => Promise<void>
}

/** Sessions in PostgreSQL. */
export class PostgresStore
  implements
    UserIndexedStore,
    ExternallyIndexedStore,
    CountingStore,
    ClearableStore,
    HitCountingStore,
    ObservableStore,
    ParallelStore,
    MeasuredStore
{
  /** While the server works on one, the next is written or its rows are read. */
  readonly parallelCalls = 2
  readonly #parts: StoreParts
  readonly #now: () => number
  readonly #channel: string
  readonly #statements: Statements
  readonly #announce: Statement
  readonly #changes: ChangeRunner
  readonly #hits: Hits
  readonly #announcer: Announcer
  readonly #calls = new RunningCalls(closedError)
  readonly #feeds = new Set<Feed>()

  constructor(parts: StoreParts, context: StoreContext) {
    const { database, settings } = parts
    const names = namesFor(settings.schema, settings.tablePrefix)
    this.#parts = parts
    this.#now = context.now
    this.#channel = channelFor(settings.schema, settings.tablePrefix)
    const channel = settings.announce ? this.#channel : undefined
    this.#statements = storeStatements(names, channel)
    this.#hits = new Hits(database, names)
    this.#announce = announceStatement(this.#channel)
    const announcer = new Announcer(database, this.#announce)
    this.#announcer = announcer
    const onPatched = settings.announce ? announcer.changed.bind(announcer) : undefined
    this.#changes = new ChangeRunner(database, changeStatements(names, channel), onPatched)
  }

  find(ids: readonly string[], signal?: AbortSignal): Promise<(SessionRecord | undefined)[]> {
    return this.#calls.run(async () => {
      const [first, ...more] = ids
      if (first === undefined) return []
      const { find, findMany } = this.#statements
      if (more.length === 0) return [(await this.#records(find, [encodeText(first)], signal))[0]]
      const records = await this.#records(findMany, [ids.map(encodeText)], signal)
      const byId = new Map(records.map(record => [record.id, record]))
      return ids.map(id => byId.get(id))
    })
  }

  apply(changes: readonly Change[], signal?: AbortSignal): Promise<Outcome[]> {
    return this.#calls.run(() => this.#changes.apply(changes, this.#now(), signal))
  }

  sweep(now: number, limit: number): Promise<readonly string[]> {
    return this.#calls.run(async () => {
      const removed = await sweepSlices(this.#parts.database, this.#statements.sweep, now, limit)
      await this.#hits.sweep(now)
      return removed
    })
  }

  findByUser(userId: string, signal?: AbortSignal): Promise<SessionRecord[]> {
    return this.#calls.run(() => this.#records(this.#statements.findByUser, [encodeText(userId)], signal))
  }

  countByUser(userId: string, signal?: AbortSignal): Promise<number> {
    return this.#calls.run(() =>
      this.#count(this.#statements.countByUser, [encodeText(userId), this.#now()], signal),
    )
  }

  revokeByUser(userId: string, except?: string, signal?: AbortSignal): Promise<readonly string[]> {
    const notice: Notice = { kind: "userRevoked", userId, ...(except !== undefined && { except }) }
    const spared = except === undefined ? null : encodeText(except)
    return this.#calls.run(async () => {
      const values = [encodeText(userId), this.#now(), spared, payloadsOf([notice])]
      return idsOf(await this.#parts.database.run(this.#statements.revokeByUser, values, signal))
    })
  }

  revokeByExternalId(externalId: string, signal?: AbortSignal): Promise<readonly string[]> {
    return this.#calls.run(async () => {
      const values = [encodeText(externalId), this.#now()]
      return idsOf(await this.#parts.database.run(this.#statements.revokeByExternalId, values, signal))
    })
  }

  countLive(signal?: AbortSignal): Promise<number> {
    return this.#calls.run(() => this.#count(this.#statements.countLive, [this.#now()], signal))
  }

  countUsersSeen(since: number, signal?: AbortSignal): Promise<number> {
    return this.#calls.run(() => this.#count(this.#statements.countUsersSeen, [this.#now(), since], signal))
  }

  /** In slices: a session that is created while this runs may outlive it, one that was there before does not. */
  revokeAll(signal?: AbortSignal): Promise<number> {
    const payloads = payloadsOf([{ kind: "allRevoked" }])
    return this.#calls.run(async () => {
      let revoked = 0
      let last: unknown = ""
      for (let met = SLICE; met === SLICE; ) {
        const values = [this.#now(), last, SLICE, payloads]
        const [row] = await this.#parts.database.run(this.#statements.revokeSlice, values, signal)
        met = Number(row?.["met"])
        last = row?.["last"]
        revoked += Number(row?.["live"])
      }
      return revoked
    })
  }

  hit(hits: readonly Hit[], signal?: AbortSignal): Promise<HitOutcome[]> {
    return this.#calls.run(() => this.#hits.hit(hits, this.#now(), signal))
  }

  observe(observer: FeedObserver, options: FeedOptions): Feed {
    this.#calls.assertOpen()
    // Its heartbeats would come back and prove nothing: other nodes of these settings do not tell what they revoke.
    if (!this.#parts.settings.announce) return { close: async () => {} }
    const { database, connectFeed } = this.#parts
    const feed = openListenFeed({
      connect: connectFeed,
      channel: this.#channel,
      observer,
      heartbeatInterval: options.heartbeatInterval,
      publish: payload => database.run(this.#announce, [[payload]]),
    })
    this.#feeds.add(feed)
    return feed
  }

  counters(): Counters {
    return { postgres: { ...this.#parts.database.counters, untold: this.#announcer.untold } }
  }

  close(): Promise<void> {
    return this.#calls.close(() => this.#close())
  }

  async #close(): Promise<void> {
    await Promise.allSettled(Array.from(this.#feeds, feed => feed.close()))
    await this.#calls.settled()
    await this.#announcer.drained()
    await this.#parts.endPool()
    await this.#parts.database.forgetPool()
  }

  async #records(
    query: Statement,
    values: unknown[],
    signal: AbortSignal | undefined,
  ): Promise<SessionRecord[]> {
    const now = this.#now()
    const rows = await this.#parts.database.run(query, [...values, now], signal)
    return rows.map(row => {
      const record = decodeRecord(row)
      const data = liveData(record.data, now)
      return data === record.data ? record : { ...record, data }
    })
  }

  async #count(query: Statement, values: unknown[], signal: AbortSignal | undefined): Promise<number> {
    const [row] = await this.#parts.database.run(query, values, signal)
    return Number(row?.["n"])
  }
}

const idsOf = (rows: readonly PostgresRow[]): string[] =>
  rows.filter(row => Number(row["told"]) === 0).map(row => decodeText(String(row["id"])))
