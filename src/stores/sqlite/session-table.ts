import type { DatabaseSync, StatementSync } from "node:sqlite"
import { liveData } from "../../contract/apply-change.ts"
import type { Change, Outcome } from "../../contract/change.ts"
import type { Hit, HitOutcome } from "../../contract/hit.ts"
import type { SessionRecord } from "../../contract/record.ts"
import { applyBatch } from "./batch.ts"
import { countHits } from "./hits.ts"
import { rollBack } from "./migrations.ts"
import { decodeRecord, decodeText, encodeText, hasExpired, type Row, type Value } from "./row.ts"
import { prepareStatements, type Statements } from "./statements.ts"

/** Milliseconds. */
const PATIENCE = 250

/** A slice of {@link SessionTable.revokeSlice}: whether there may be more, and how many of it were live. */
export interface RevokedSlice {
  readonly more: boolean
  readonly live: number
}

/** The session table of one connection. Everything runs at once, each call in one transaction, and throws what SQLite throws. */
export class SessionTable {
  readonly #database: DatabaseSync
  readonly #sql: Statements
  readonly #synchronous: number

  constructor(database: DatabaseSync, prefix: string) {
    this.#database = database
    this.#synchronous = Number(database.prepare("PRAGMA synchronous").get()?.["synchronous"])
    this.#sql = prepareStatements(database, prefix)
  }

  find(id: string, now: number): SessionRecord | undefined {
    const row = this.#sql.find.one(encodeText(id))
    return row && liveRecord(row, now)
  }

  findMany(ids: readonly string[], now: number): (SessionRecord | undefined)[] {
    if (ids.length < 2) return ids.map(id => this.find(id, now))
    const rows = this.#sql.findMany.all(JSON.stringify(ids.map(encodeText)))
    const found = new Map<string, SessionRecord | undefined>()
    for (const row of rows) found.set(decodeText(row[0]), liveRecord(row, now))
    return ids.map(id => found.get(id))
  }

  findByUser(userId: string, now: number): SessionRecord[] {
    return this.#sql.findByUser.all(encodeText(userId), now).flatMap(row => liveRecord(row, now) ?? [])
  }

  countByUser(userId: string, now: number): number {
    return number(this.#sql.countByUser, encodeText(userId), now)
  }

  apply(changes: readonly Change[], now: number): Outcome[] {
    return this.#write(() => applyBatch(this.#sql, changes, now))
  }

  sweep(now: number, limit: number): string[] {
    return this.#write(() => ids(this.#sql.sweep, now, limit))
  }

  revokeByUser(userId: string, except: string | undefined, now: number): string[] {
    // No id is NULL, and `IS NOT` compares with it: nothing is excepted then.
    const kept = except === undefined ? null : encodeText(except)
    return this.#write(() => ids(this.#sql.revokeByUser, encodeText(userId), now, kept))
  }

  revokeByExternalId(externalId: string, now: number): string[] {
    return this.#write(() => ids(this.#sql.revokeByExternalId, encodeText(externalId), now))
  }

  hit(hits: readonly Hit[], now: number): HitOutcome[] {
    return this.#writeWithoutSync(() => countHits(this.#sql, hits, now))
  }

  /** Removes at most `limit` rate-limit counters that no window reaches any more; answers how many it was. */
  sweepHits(now: number, limit: number): number {
    return this.#writeWithoutSync(() => Number(this.#sql.sweepHits.run(now, limit).changes))
  }

  /** The last row there is; what is inserted later comes after it. */
  lastRow(): number {
    return number(this.#sql.lastRow)
  }

  /** Revokes up to `limit` sessions among the rows up to `lastRow`, the oldest first. */
  revokeSlice(lastRow: number, limit: number, now: number): RevokedSlice {
    return this.#write(() => {
      const ends = this.#sql.revokeSlice.all(lastRow, limit).map(row => Number(row["expires_at"]))
      return { more: ends.length === limit, live: ends.filter(end => end > now).length }
    })
  }

  countLive(now: number): number {
    return number(this.#sql.countLive, now)
  }

  countUsersSeen(since: number, now: number): number {
    return number(this.#sql.countUsersSeen, since, now)
  }

  /** Changes when another connection has committed something, and never by what this one commits. */
  dataVersion(): number {
    return number(this.#sql.dataVersion)
  }

  /** Lets SQLite wait for a lock in this one call: a reader meets one for a moment while another process recovers from a crash. */
  patiently<T>(work: () => T): T {
    this.#database.exec(`PRAGMA busy_timeout = ${PATIENCE}`)
    try {
      return work()
    } finally {
      this.#database.exec("PRAGMA busy_timeout = 0")
    }
  }

  /** Moves the WAL into the database and makes both durable, as far as other processes allow. */
  checkpoint(): void {
    this.patiently(() => this.#database.exec("PRAGMA wal_checkpoint(TRUNCATE)"))
  }

  release(): void {
    this.#database.close()
  }

  /** Does not wait for the disk: a power loss may take back some counts of a rate limit, which harms nobody. */
  #writeWithoutSync<T>(work: () => T): T {
    this.#database.exec("PRAGMA synchronous = NORMAL")
    try {
      return this.#write(work)
    } finally {
      this.#database.exec(`PRAGMA synchronous = ${this.#synchronous}`)
    }
  }

  #write<T>(work: () => T): T {
    this.#sql.begin.run()
    try {
      const result = work()
      this.#sql.commit.run()
      return result
    } catch (error) {
      rollBack(this.#database)
      throw error
    }
  }
}

function liveRecord(row: Row, now: number): SessionRecord | undefined {
  if (hasExpired(row, now)) return undefined
  const record = decodeRecord(row)
  return { ...record, data: liveData(record.data, now) }
}

const number = (statement: StatementSync, ...values: Value[]): number =>
  Number(statement.get(...values)?.["n"] ?? 0)

const ids = (statement: StatementSync, ...values: Value[]): string[] =>
  statement.all(...values).map(row => decodeText(String(row["id"])))
