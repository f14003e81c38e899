import { applyChange } from "../../contract/apply-change.ts"
import { type Change, idOf, type Outcome } from "../../contract/change.ts"
import type { SessionRecord } from "../../contract/record.ts"

/** What every store is compared with: records in a map, changed by `applyChange`. */
export class ModelStore {
  readonly #records = new Map<string, SessionRecord>()
  readonly #known = new Set<string>()
  /** Expired records that a change has met: a store may have kept them, and its next sweep tells them. */
  readonly #met = new Set<string>()

  apply(change: Change, now: number): Outcome {
    const id = idOf(change)
    this.#known.add(id)
    const before = this.#records.get(id)
    const { outcome, record } = applyChange(before, change, now)
    if (before && before.expiresAt <= now && !record) this.#met.add(id)
    if (record) this.#met.delete(id)
    if (record) this.#records.set(id, record)
    else this.#records.delete(id)
    return outcome
  }

  /** Every id that a change has named. */
  knownIds(): string[] {
    return [...this.#known]
  }

  find(id: string, now: number): SessionRecord | undefined {
    const record = this.#records.get(id)
    return record && now < record.expiresAt ? record : undefined
  }

  live(now: number): SessionRecord[] {
    return [...this.#records.values()].filter(record => now < record.expiresAt)
  }

  findByUser(userId: string, now: number): SessionRecord[] {
    const own = this.live(now).flatMap(record =>
      record.login?.userId === userId ? [{ record, since: record.login.authenticatedAt }] : [],
    )
    own.sort((a, b) => a.since - b.since || (a.record.id < b.record.id ? -1 : 1))
    return own.map(({ record }) => record)
  }

  /** Removes the live sessions of the external id; answers their ids. */
  revokeByExternalId(externalId: string, now: number): string[] {
    const ids = this.live(now).flatMap(({ id, login }) => (login?.externalId === externalId ? [id] : []))
    for (const id of ids) this.#records.delete(id)
    return ids
  }

  countUsersSeen(since: number, now: number): number {
    const seen = this.live(now).filter(record => record.lastSeenAt >= since)
    return new Set(seen.flatMap(record => record.login?.userId ?? [])).size
  }

  /** Removes what has expired; answers the ids that a sweep may tell. */
  sweep(now: number): ReadonlySet<string> {
    const ended = [...this.#records.values()].filter(record => record.expiresAt <= now)
    for (const { id } of ended) this.#records.delete(id)
    const may = new Set([...this.#met, ...ended.map(record => record.id)])
    this.#met.clear()
    return may
  }
}
