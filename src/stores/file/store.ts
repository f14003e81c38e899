import { type Change, idOf, type Outcome } from "../../contract/change.ts"
import { SessionError } from "../../contract/errors.ts"
import type { Hit, HitOutcome } from "../../contract/hit.ts"
import type { SessionRecord } from "../../contract/record.ts"
import type {
  ClearableStore,
  CountingStore,
  ExternallyIndexedStore,
  HitCountingStore,
  ImmediateStore,
  UserIndexedStore,
} from "../../contract/store.ts"
import type { HitCounts } from "../hit-counts.ts"
import { assertNotAborted, recordable, unlessAborted } from "./call.ts"
import type { Compactor } from "./compactor.ts"
import { Draft } from "./draft.ts"
import { forReader } from "./guarded-record.ts"
import type { Journal } from "./journal.ts"
import { type WrittenEntry, writtenRemoval } from "./journal-entry.ts"
import { lineText } from "./journal-line.ts"
import type { Lock } from "./lock.ts"
import type { Effect, Records } from "./records.ts"
import type { Usage } from "./usage.ts"

export interface FileStoreParts {
  readonly records: Records
  readonly usage: Usage
  readonly journal: Journal
  readonly compactor: Compactor
  readonly lock: Lock
  readonly hits: HitCounts
  readonly maxSessions: number
  readonly now: () => number
}

/**
 * Sessions in memory, every change of them in a journal on the disk. A change is worked out against the latest records,
 * written, synced, shown to readers and acknowledged, in this order: what a reader sees or a caller is told, no crash
 * takes back.
 */
export class FileStore
  implements
    ImmediateStore,
    UserIndexedStore,
    ExternallyIndexedStore,
    CountingStore,
    ClearableStore,
    HitCountingStore
{
  readonly #parts: FileStoreParts
  #closed: Promise<void> | undefined

  constructor(parts: FileStoreParts) {
    this.#parts = parts
  }

  findNow(id: string): SessionRecord | undefined {
    this.#assertOpen()
    const record = this.#parts.records.stored(id)
    return record && this.#parts.now() < record.expiresAt ? forReader(record) : undefined
  }

  async find(ids: readonly string[], signal?: AbortSignal): Promise<(SessionRecord | undefined)[]> {
    this.#assertOpen(signal)
    return ids.map(id => this.findNow(id))
  }

  async apply(changes: readonly Change[], signal?: AbortSignal): Promise<Outcome[]> {
    this.#assertSound(signal)
    const { records, maxSessions } = this.#parts
    const now = this.#parts.now()
    const given = changes.map(recordable)
    this.#makeRoom(changes, now)
    const draft = new Draft(records, maxSessions)
    const outcomes = given.map(each => draft.apply(each, now))
    await this.#commit(draft.entries, draft.effects, now, signal)
    return outcomes
  }

  async sweep(now: number, limit: number): Promise<readonly string[]> {
    this.#assertSound()
    await this.#parts.hits.sweep(now)
    this.#assertSound()
    const ids = this.#parts.records.takeExpired(now, limit)
    await this.#remove(ids)
    return ids
  }

  async findByUser(userId: string, signal?: AbortSignal): Promise<SessionRecord[]> {
    this.#assertOpen(signal)
    return this.#live(this.#parts.records.storedByUser(userId)).sort(byAuthentication).map(forReader)
  }

  async countByUser(userId: string, signal?: AbortSignal): Promise<number> {
    this.#assertOpen(signal)
    return this.#live(this.#parts.records.storedByUser(userId)).length
  }

  async revokeByUser(userId: string, except?: string, signal?: AbortSignal): Promise<readonly string[]> {
    this.#assertSound(signal)
    const own = this.#live(this.#parts.records.latestByUser(userId))
    return this.#revoke(
      own.filter(({ id }) => id !== except),
      signal,
    )
  }

  async revokeByExternalId(externalId: string, signal?: AbortSignal): Promise<readonly string[]> {
    this.#assertSound(signal)
    return this.#revoke(this.#live(this.#parts.records.latestByExternalId(externalId)), signal)
  }

  /**
   * See `HitCountingStore.hit`. In memory alone, so the counts are lost with the process: who restarts it, and nobody else, gives
   * every key its whole limit anew.
   */
  async hit(hits: readonly Hit[], signal?: AbortSignal): Promise<HitOutcome[]> {
    this.#assertOpen(signal)
    return this.#parts.hits.hit(hits, this.#parts.now())
  }

  async countLive(signal?: AbortSignal): Promise<number> {
    this.#assertOpen(signal)
    return this.#live(this.#parts.records.allStored()).length
  }

  async countUsersSeen(since: number, signal?: AbortSignal): Promise<number> {
    this.#assertOpen(signal)
    let users = 0
    for (const records of this.#parts.records.storedPerUser()) {
      if (this.#live(records).some(record => record.lastSeenAt >= since)) users += 1
    }
    return users
  }

  async revokeAll(signal?: AbortSignal): Promise<number> {
    this.#assertSound(signal)
    const all = this.#parts.records.allLatest()
    const effects = all.map(({ id }) => ({ id, record: undefined }))
    const live = this.#live(all).length
    const entries = all.length > 0 ? [writtenRemoval({ kind: "clear" })] : []
    await this.#commit(entries, effects, this.#parts.now(), signal)
    return live
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    const { compactor, journal, lock } = this.#parts
    try {
      await compactor.stop()
      await journal.close()
    } finally {
      await lock.release()
    }
  }

  /** Removes expired records when the creations among the changes need their place. */
  #makeRoom(changes: readonly Change[], now: number): void {
    const { records, maxSessions } = this.#parts
    const inserts = changes.filter(change => change.kind === "create" && !records.latest(idOf(change))).length
    const lacking = records.latestCount + inserts - maxSessions
    if (lacking <= 0) return
    // Should this fail, then so does what comes after it in the journal, and that is awaited.
    this.#remove(records.takeExpired(now, lacking)).catch(() => {})
  }

  async #revoke(records: readonly SessionRecord[], signal?: AbortSignal): Promise<readonly string[]> {
    const ids = records.map(({ id }) => id)
    await this.#remove(ids, signal)
    return ids
  }

  #remove(ids: readonly string[], signal?: AbortSignal): Promise<void> {
    const effects = ids.map(id => ({ id, record: undefined }))
    const entries = ids.length > 0 ? [writtenRemoval({ kind: "remove", ids })] : []
    return this.#commit(entries, effects, this.#parts.now(), signal)
  }

  async #commit(
    entries: readonly WrittenEntry[],
    effects: readonly Effect[],
    now: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { records, usage, journal, compactor } = this.#parts
    const texts = entries.map(({ json }) => lineText(json, now))
    records.advance(effects)
    const stored = journal.append(texts, entries.some(mustSurvivePowerFailure), () => {
      records.settle(effects)
      for (const [index, { entry }] of entries.entries()) usage.note(entry, texts[index]?.length ?? 0)
    })
    await unlessAborted(stored, signal)
    compactor.compactIfWorthwhile()
  }

  #live(records: Iterable<SessionRecord>): SessionRecord[] {
    const now = this.#parts.now()
    return Array.from(records).filter(record => now < record.expiresAt)
  }

  #assertOpen(signal?: AbortSignal): void {
    if (this.#closed) {
      throw new SessionError("ERR_SESSION_CLOSED", "The file store has been closed: open it again to use it.")
    }
    assertNotAborted(signal)
  }

  #assertSound(signal?: AbortSignal): void {
    this.#assertOpen(signal)
    this.#parts.journal.assertSound()
  }
}

/** A lost last-seen time harms nobody; a lost confirmation would let a previous secret live on. */
const mustSurvivePowerFailure = ({ entry }: WrittenEntry): boolean =>
  entry.kind !== "touch" || entry.confirm !== undefined

function byAuthentication(one: SessionRecord, other: SessionRecord): number {
  const order = (one.login?.authenticatedAt ?? 0) - (other.login?.authenticatedAt ?? 0)
  return order !== 0 ? order : one.id < other.id ? -1 : 1
}
