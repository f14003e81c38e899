import { applyChange } from "../contract/apply-change.ts"
import { type Change, idOf, type Outcome, type Patch, type Rotate, type Touch } from "../contract/change.ts"
import type { Feed, FeedObserver, Notice } from "../contract/feed.ts"
import type { SessionRecord } from "../contract/record.ts"
import {
  type CachingStore,
  type Counters,
  isMeasured,
  type MeasuredStore,
  type SessionStore,
} from "../contract/store.ts"
import { Absences } from "./absences.ts"
import { CacheCounters } from "./counters.ts"
import { Entries, type Entry, type Knowledge } from "./entries.ts"
import { Fill, Fills } from "./fills.ts"
import { Lease } from "./lease.ts"
import type { NearCacheContext, NearCacheOptions } from "./options.ts"
import { OwnChanges } from "./own-changes.ts"
import { Revocations } from "./revocations.ts"
import { WallClock } from "./wall-clock.ts"

/** How often a read is repeated because news overtook it; then its answer is given, but not kept. */
const MAX_READS = 3

/**
 * The records of a store in this node's memory. An entry is believed while the feed's lease covers it, or while it was read
 * no longer than `maxStaleness` ago; never when the client has seen a newer version. All changes go to the store.
 */
export class NearCache implements CachingStore, MeasuredStore, FeedObserver {
  #feed: Feed | undefined
  readonly #counters = new CacheCounters()
  readonly #entries: Entries
  readonly #absences: Absences
  readonly #fills = new Fills()
  readonly #own = new OwnChanges()
  readonly #revocations = new Revocations()
  readonly #lease: Lease
  readonly #wallClock: WallClock
  readonly #store: SessionStore
  readonly #options: NearCacheOptions
  readonly #context: NearCacheContext

  constructor(store: SessionStore, options: NearCacheOptions, context: NearCacheContext) {
    this.#store = store
    this.#options = options
    this.#context = context
    this.#entries = new Entries(options)
    this.#absences = new Absences(options.maxStaleness, context.monotonic)
    this.#lease = new Lease(options.maxStaleness)
    this.#wallClock = new WallClock(options.maxStaleness)
  }

  recall(id: string, version: number): SessionRecord | undefined {
    const now = this.#context.now()
    const monotonic = this.#context.monotonic()
    this.#noticeSleep(now, monotonic)
    const entry = this.#entries.use(id)
    if (entry && entry.record.version >= version && this.#isGood(entry, now, monotonic)) {
      this.#counters.hits += 1
      return entry.record
    }
    if (entry) this.#counters.staleRefusals += 1
    else this.#counters.misses += 1
    return undefined
  }

  async fill(
    id: string,
    version: number,
    load: () => Promise<SessionRecord | undefined>,
  ): Promise<SessionRecord | undefined> {
    this.#noticeSleep(this.#context.now(), this.#context.monotonic())
    for (let reads = 1; reads <= MAX_READS; reads++) {
      if (this.#absences.has(id)) {
        this.#counters.absentHits += 1
        return undefined
      }
      const joined = this.#joinable(id)
      const fill = joined ?? this.#begin(id, load)
      const record = await fill.answer
      // Only a read joined at first can have begun before this request, and so before what the client has seen.
      const older = reads === 1 && joined !== undefined && record !== undefined && record.version < version
      if (!older && !this.#isOutdated(fill, record)) return record
      this.#counters.outdatedFills += 1
    }
    return await load()
  }

  async find(ids: readonly string[], signal?: AbortSignal): Promise<(SessionRecord | undefined)[]> {
    const records = await this.#store.find(ids, signal)
    ids.forEach((id, index) => {
      this.#compare(id, records[index])
    })
    return records
  }

  async apply(changes: readonly Change[], signal?: AbortSignal): Promise<Outcome[]> {
    const known = this.#knowledge()
    this.#own.begin(changes, id => this.#entries.peek(id)?.record)
    try {
      const outcomes = await this.#store.apply(changes, signal)
      changes.forEach((change, index) => {
        this.#learn(change, outcomes[index], known)
      })
      return outcomes
    } catch (error) {
      for (const change of changes) this.forget(idOf(change))
      throw error
    }
  }

  async sweep(now: number, limit: number): Promise<readonly string[]> {
    const swept = await this.#store.sweep(now, limit)
    for (const id of swept) this.forget(id)
    return swept
  }

  /** The feed that tells this cache; it is closed with it. */
  listenTo(feed: Feed): void {
    this.#feed = feed
  }

  /** Closes the feed and leaves the store open: for a store that goes on without this cache. */
  async stopListening(): Promise<void> {
    await this.#feed?.close()
  }

  async close(): Promise<void> {
    try {
      await this.stopListening()
    } finally {
      await this.#store.close()
      this.#entries.clear()
      this.#absences.clear()
    }
  }

  connected(): void {
    this.#lease.connected()
    this.#entries.clear()
    this.#own.clear()
  }

  disconnected(): void {
    this.#lease.disconnected()
  }

  heartbeat(sentAt: number): void {
    this.#lease.heartbeat(sentAt)
  }

  notice(notice: Notice): void {
    this.#counters.noticesReceived += 1
    if (notice.kind === "changed") this.#changed(notice.id, notice.version)
    else if (notice.kind === "revoked") this.ended(notice.id)
    else if (notice.kind === "userRevoked") this.userEnded(notice.userId)
    else this.allEnded()
  }

  /** The session is over. */
  ended(id: string): void {
    this.forget(id)
    this.#absences.add(id)
  }

  /** Some of the user's sessions are over. */
  userEnded(userId: string): void {
    this.#revocations.user(userId)
  }

  /** All sessions are over. */
  allEnded(): void {
    this.#revocations.all()
  }

  /** Nobody knows what became of the session. */
  forget(id: string): void {
    this.#entries.drop(id)
    this.#fills.spoil(id)
    this.#own.forget(id)
  }

  counters(): Counters {
    const nearCache = {
      ...this.#counters,
      leaseLosses: this.#lease.losses,
      evictions: this.#entries.evicted,
      sessions: this.#entries.size,
      bytes: this.#entries.bytes,
    }
    return isMeasured(this.#store) ? { nearCache, ...this.#store.counters() } : { nearCache }
  }

  #knowledge(): Knowledge {
    return {
      askedAt: this.#context.monotonic(),
      connection: this.#lease.connection,
      revocations: this.#revocations.count,
    }
  }

  #isGood({ record, known }: Entry, now: number, monotonic: number): boolean {
    if (now >= record.expiresAt) return false
    if (this.#revocations.concern(record.login?.userId, known.revocations)) return false
    const age = monotonic - known.askedAt
    if (age < this.#options.maxStaleness) return true
    return age < this.#options.maxAge && this.#lease.covers(known.connection, monotonic)
  }

  /** A read that began long ago could tell less than a cache may. */
  #joinable(id: string): Fill | undefined {
    const fill = this.#fills.get(id)
    if (!fill || this.#context.monotonic() - fill.known.askedAt >= this.#options.maxStaleness)
      return undefined
    this.#counters.sharedFills += 1
    return fill
  }

  #begin(id: string, load: () => Promise<SessionRecord | undefined>): Fill {
    this.#counters.fills += 1
    const fill = new Fill(this.#knowledge(), load())
    this.#fills.add(id, fill)
    fill.answer.then(
      record => this.#filled(id, fill, record),
      () => this.#fills.remove(id, fill),
    )
    return fill
  }

  #filled(id: string, fill: Fill, record: SessionRecord | undefined): void {
    if (!this.#fills.remove(id, fill) || this.#isOutdated(fill, record)) return
    if (!record) this.#absences.add(id)
    else if (fill.known.connection === this.#lease.connection) this.#keep(record, fill.known)
  }

  #isOutdated(fill: Fill, record: SessionRecord | undefined): boolean {
    return fill.isOutdated(record) || this.#revocations.concern(record?.login?.userId, fill.known.revocations)
  }

  /** Newer is never replaced by older. */
  #keep(record: SessionRecord, known: Knowledge): void {
    const held = this.#entries.peek(record.id)
    if (held && held.record.version > record.version) return
    this.#entries.keep(record, known)
  }

  #changed(id: string, version: number): void {
    const held = this.#entries.peek(id)
    if (held && held.record.version < version) this.#entries.drop(id)
    this.#fills.changed(id, version)
    this.#own.changed(id, version)
  }

  /** What the store itself has just answered shows whether memory has fallen behind. */
  #compare(id: string, record: SessionRecord | undefined): void {
    const held = this.#entries.peek(id)?.record
    if (held && held.version !== record?.version) this.#entries.drop(id)
  }

  /** This node's own change, whose outcome is known. */
  #learn(change: Change, outcome: Outcome | undefined, known: Knowledge): void {
    if (change.kind === "create") this.#created(change.record, outcome, known)
    else if (change.kind === "revoke" || outcome?.kind === "gone") {
      if (outcome?.kind === "applied") this.#counters.noticesCaused += 1
      this.ended(change.id)
    } else if (outcome?.kind === "applied") this.#follow(change, outcome.version, known)
    else this.forget(change.id)
  }

  /** What memory held follows the change, if nobody else's came between. */
  #follow(change: Patch | Rotate | Touch, version: number, known: Knowledge): void {
    const own = this.#own.take(change.id, version)
    if (change.kind !== "touch") this.#counters.noticesCaused += 1
    const before = change.kind === "touch" ? version : version - 1
    const held = [this.#entries.peek(change.id)?.record, own?.before].find(each => each?.version === before)
    this.#changed(change.id, version)
    if (!own || !held || known.connection !== this.#lease.connection) return
    const followed = applyChange(held, change, this.#context.now()).record
    if (followed) this.#entries.keep(followed, known)
  }

  #created(record: SessionRecord, outcome: Outcome | undefined, known: Knowledge): void {
    const own = this.#own.take(record.id, record.version)
    if (!own) return
    this.#absences.remove(record.id)
    this.forget(record.id)
    if (outcome?.kind === "applied" && known.connection === this.#lease.connection) this.#keep(record, known)
  }

  #noticeSleep(now: number, monotonic: number): void {
    if (!this.#wallClock.hasOutrun(now, monotonic)) return
    this.#entries.clear()
    this.#own.clear()
    this.#fills.spoilAll()
  }
}
