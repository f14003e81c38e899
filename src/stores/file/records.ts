import type { SessionRecord } from "../../contract/record.ts"
import { ExpiryQueue } from "./expiry-queue.ts"
import { RecordIndex } from "./record-index.ts"

/** What an entry makes of one record: what is kept under the id afterwards. */
export interface Effect {
  readonly id: string
  readonly record: SessionRecord | undefined
}

/**
 * All records, in two states. `stored` is what the file is known to hold: it is all that readers see. `latest` is
 * ahead of it by the changes that are on their way to the disk: the next change builds on it. So no reader sees what a crash
 * could still take back, and no change is judged by what another is about to replace.
 */
export class Records {
  readonly #stored = new Map<string, SessionRecord>()
  readonly #ahead = new Map<string, Effect>()
  readonly #users = new RecordIndex(userIdOf)
  readonly #externals = new RecordIndex(externalIdOf)
  readonly #expiry = new ExpiryQueue()
  #latestCount = 0

  /** How many records there are, with the changes that are on their way. */
  get latestCount(): number {
    return this.#latestCount
  }

  get storedCount(): number {
    return this.#stored.size
  }

  stored(id: string): SessionRecord | undefined {
    return this.#stored.get(id)
  }

  allStored(): Iterable<SessionRecord> {
    return this.#stored.values()
  }

  storedByUser(userId: string): SessionRecord[] {
    return this.#present(this.#users.idsOf(userId))
  }

  /** The stored records of each user. */
  *storedPerUser(): Iterable<SessionRecord[]> {
    for (const [, ids] of this.#users.entries()) yield this.#present(ids)
  }

  latest(id: string): SessionRecord | undefined {
    const ahead = this.#ahead.get(id)
    return ahead ? ahead.record : this.#stored.get(id)
  }

  allLatest(): SessionRecord[] {
    return this.#latestOf([...this.#stored.keys(), ...this.#ahead.keys()], () => true)
  }

  latestByUser(userId: string): SessionRecord[] {
    const ids = [...this.#users.idsOf(userId), ...this.#ahead.keys()]
    return this.#latestOf(ids, record => userIdOf(record) === userId)
  }

  latestByExternalId(externalId: string): SessionRecord[] {
    const ids = [...this.#externals.idsOf(externalId), ...this.#ahead.keys()]
    return this.#latestOf(ids, record => externalIdOf(record) === externalId)
  }

  /** At most `limit` ids of the latest records that ended at or before `now`. They are to be removed: they come up no more. */
  takeExpired(now: number, limit: number): string[] {
    return this.#expiry.take(now, limit, id => this.latest(id)?.expiresAt)
  }

  /** Takes the effects into `latest`. */
  advance(effects: readonly Effect[]): void {
    for (const effect of effects) {
      const before = this.latest(effect.id)
      this.#ahead.set(effect.id, effect)
      this.#latestCount += Number(effect.record !== undefined) - Number(before !== undefined)
      this.#noteEnd(before, effect.record)
    }
  }

  /** The effects, advanced before, are on the disk: readers see them from now on. */
  settle(effects: readonly Effect[]): void {
    for (const effect of effects) {
      const { id, record } = effect
      this.#users.moved(id, this.#stored.get(id), record)
      this.#externals.moved(id, this.#stored.get(id), record)
      if (record) this.#stored.set(id, record)
      else this.#stored.delete(id)
      if (this.#ahead.get(id) === effect) this.#ahead.delete(id)
    }
  }

  #noteEnd(before: SessionRecord | undefined, after: SessionRecord | undefined): void {
    if (!after || (before && before.expiresAt <= after.expiresAt)) return
    if (this.#expiry.size > 2 * this.#latestCount + SLACK) this.#rebuildExpiry()
    this.#expiry.add(after.id, after.expiresAt)
  }

  #rebuildExpiry(): void {
    this.#expiry.clear()
    for (const { id, expiresAt } of this.allLatest()) this.#expiry.add(id, expiresAt)
  }

  #present(ids: Iterable<string>): SessionRecord[] {
    return Array.from(ids, id => this.#stored.get(id)).filter(record => record !== undefined)
  }

  #latestOf(ids: readonly string[], fits: (record: SessionRecord) => boolean): SessionRecord[] {
    const found = Array.from(new Set(ids), id => this.latest(id))
    return found.filter(record => record !== undefined).filter(fits)
  }
}

const userIdOf = ({ login }: SessionRecord): string | undefined => login?.userId
const externalIdOf = ({ login }: SessionRecord): string | undefined => login?.externalId

/** How many places of ended sessions the expiry queue may keep beyond twice the records. */
const SLACK = 1024
