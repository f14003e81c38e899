import {
  applyChange,
  applyHit,
  type Change,
  type ClearableStore,
  type CountingStore,
  type ExternallyIndexedStore,
  type Hit,
  type HitCount,
  type HitCountingStore,
  type HitOutcome,
  type ImmediateStore,
  type Outcome,
  SessionError,
  type SessionRecord,
  type UserIndexedStore,
} from "../../src/contract/index.ts"

type Everything = ImmediateStore &
  UserIndexedStore &
  ExternallyIndexedStore &
  CountingStore &
  ClearableStore &
  HitCountingStore

/** What a durable store would have on its disk. */
export type Disk = Map<string, SessionRecord>

/** The plainest store that keeps the contract: a map and `applyChange`. Its parts are there to be replaced by faulty ones. */
export class ReferenceStore implements Everything {
  protected readonly records: Map<string, SessionRecord>
  protected readonly counts = new Map<string, { readonly count: HitCount; readonly end: number }>()
  protected readonly now: () => number
  #closed = false

  constructor(now: () => number, disk: Disk = new Map()) {
    this.now = now
    this.records = disk
  }

  async find(ids: readonly string[], _signal?: AbortSignal): Promise<(SessionRecord | undefined)[]> {
    await this.#enter()
    return ids.map(id => this.read(id))
  }

  findNow(id: string): SessionRecord | undefined {
    this.requireOpen()
    return this.read(id)
  }

  async apply(changes: readonly Change[], _signal?: AbortSignal): Promise<Outcome[]> {
    await this.#enter()
    return changes.map(change => this.change(change))
  }

  async sweep(now: number, limit: number): Promise<readonly string[]> {
    await this.#enter()
    for (const [key, { end }] of this.counts) if (end <= now) this.counts.delete(key)
    const over = [...this.records.values()].filter(record => record.expiresAt <= now).slice(0, limit)
    return over.map(({ id }) => this.remove(id))
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  async findByUser(userId: string, _signal?: AbortSignal): Promise<SessionRecord[]> {
    await this.#enter()
    return this.ofUser(userId).map(record => this.copy(record))
  }

  async countByUser(userId: string, _signal?: AbortSignal): Promise<number> {
    await this.#enter()
    return this.ofUser(userId).length
  }

  async revokeByUser(userId: string, except?: string, _signal?: AbortSignal): Promise<readonly string[]> {
    await this.#enter()
    const ended = this.ofUser(userId).filter(record => record.id !== except)
    return ended.map(({ id }) => this.remove(id))
  }

  async revokeByExternalId(externalId: string, _signal?: AbortSignal): Promise<readonly string[]> {
    await this.#enter()
    return this.ofExternal(externalId).map(({ id }) => this.remove(id))
  }

  async hit(hits: readonly Hit[], _signal?: AbortSignal): Promise<HitOutcome[]> {
    await this.#enter()
    return hits.map(hit => this.count(hit))
  }

  async countLive(_signal?: AbortSignal): Promise<number> {
    await this.#enter()
    return this.live().length
  }

  async countUsersSeen(since: number, _signal?: AbortSignal): Promise<number> {
    await this.#enter()
    const seen = this.live().filter(record => record.lastSeenAt >= since)
    return new Set(seen.flatMap(record => record.login?.userId ?? [])).size
  }

  async revokeAll(_signal?: AbortSignal): Promise<number> {
    await this.#enter()
    const count = this.live().length
    for (const id of [...this.records.keys()]) this.remove(id)
    return count
  }

  protected read(id: string): SessionRecord | undefined {
    const record = this.records.get(id)
    return record && this.isLive(record) ? this.copy(record) : undefined
  }

  protected change(change: Change): Outcome {
    const id = change.kind === "create" ? change.record.id : change.id
    const { outcome, record } = this.applied(this.records.get(id), change)
    if (record) this.records.set(id, this.copy(record))
    else this.remove(id)
    return outcome
  }

  protected applied(record: SessionRecord | undefined, change: Change) {
    return applyChange(record, change, this.now())
  }

  protected remove(id: string): string {
    this.records.delete(id)
    return id
  }

  protected live(): SessionRecord[] {
    return [...this.records.values()].filter(record => this.isLive(record))
  }

  protected ofUser(userId: string): SessionRecord[] {
    const own = this.live().filter(record => record.login?.userId === userId)
    return own.sort((a, b) => since(a) - since(b) || (a.id < b.id ? -1 : 1))
  }

  protected ofExternal(externalId: string): SessionRecord[] {
    return this.live().filter(record => record.login?.externalId === externalId)
  }

  protected count(hit: Hit): HitOutcome {
    const outcome = this.judged(this.counts.get(hit.key)?.count, hit, this.now())
    const { allowed: _, ...count } = outcome
    this.counts.set(hit.key, { count, end: count.windowStart + 2 * hit.window })
    return outcome
  }

  protected judged(stored: HitCount | undefined, hit: Hit, now: number): HitOutcome {
    return applyHit(stored, hit, now)
  }

  protected isLive(record: SessionRecord): boolean {
    return this.now() < record.expiresAt
  }

  protected copy(record: SessionRecord): SessionRecord {
    const { previous, login, client, data } = record
    return {
      ...record,
      previous: previous && { ...previous },
      login: login && { ...login, methods: login.methods.map(method => ({ ...method })) },
      client: { ...client },
      data: new Map(Array.from(data, ([key, value]) => [key, { ...value }])),
    }
  }

  protected requireOpen(): void {
    if (this.#closed) throw new SessionError("ERR_SESSION_CLOSED", "the reference store has been closed")
  }

  /** Every call waits a moment, so that concurrent calls mix. */
  async #enter(): Promise<void> {
    this.requireOpen()
    await undefined
  }
}

const since = (record: SessionRecord): number => record.login?.authenticatedAt ?? 0
