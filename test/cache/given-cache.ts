import { withNearCache } from "../../src/cache/with-near-cache.ts"
import type { CachingStore, MeasuredStore, SessionRecord } from "../../src/contract/index.ts"
import { changes, ManualClock, RecordBuilder } from "../../src/testing/index.ts"
import { FedStore } from "./fed-store.ts"

/** B of the cache, in milliseconds. */
export const BOUND = 1_000
export const MAX_AGE = 60_000
export const MAX_SESSIONS = 3

/** A near cache of three sessions and 100,000 bytes, whose feed has just been heard. */
export class GivenCache {
  readonly clock = new ManualClock()
  readonly store = new FedStore(this.clock.now)
  readonly cache: CachingStore & MeasuredStore = withNearCache(
    this.store,
    { maxSessions: MAX_SESSIONS, maxBytes: 100_000, maxStaleness: BOUND, maxAge: MAX_AGE },
    { now: this.clock.now, monotonic: this.clock.now },
  )
  readonly records = new RecordBuilder(this.clock)

  constructor() {
    this.store.feed.connected()
    this.beat()
  }

  /** Stored by another node. */
  readonly stored = async (fields: Partial<SessionRecord> = {}): Promise<SessionRecord> => {
    const record = this.records.record(fields)
    await this.store.apply([changes.create(record)])
    return record
  }

  readonly load = async (id: string): Promise<SessionRecord | undefined> => (await this.cache.find([id]))[0]
  readonly fill = (id: string, version = 0) => this.cache.fill(id, version, () => this.load(id))
  readonly beat = () => this.store.feed.heartbeat(this.clock.now())
  readonly counted = (name: string): number => this.cache.counters()["nearCache"]?.[name] ?? Number.NaN
}
