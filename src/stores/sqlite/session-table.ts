import type { DatabaseSync, StatementSync } from "node:sqlite"
import { liveData } from "../../contract/apply-change.ts"
import type { Change, Outcome } from "../../contract/change.ts"
import type { SessionRecord } from "../../contract/record.ts"
import { applyBatch } from "./batch.ts"
import { unreadableRow } from "./errors.ts"
import { rollBack } from "./migrations.ts"
import { decodeData, decodeFacts, decodeText, encodeText, type Row, type Value } from "./row.ts"
import { prepareStatements, type Statements } from "./statements.ts"

/** A slice of {@link SessionTable.revokeSlice}: whether there may be more, and how many of it were live. */
export interface RevokedSlice {
  readonly more: boolean
  readonly live: number
}

/** The session table of one connection. Everything runs at once, each call in one transaction, and throws what SQLite throws. */
export class SessionTable {
  readonly #database: DatabaseSync
  readonly #sql: Statements
  readonly #now: () => number

  constructor(database: DatabaseSync, prefix: string, now: () => number) {
    this.#database = database
    this.#sql = prepareStatements(database, prefix)
    this.#now = now
  }

  find(id: string): SessionRecord | undefined {
    const row = this.#sql.find.one(encodeText(id))
    return row && liveRecord(row, this.#now())
  }

  findMany(ids: readonly string[]): (SessionRecord | undefined)[] {
    if (ids.length < 2) return ids.map(id => this.find(id))
    const rows = this.#sql.findMany.all(JSON.stringify(ids.map(encodeText)))
    const now = this.#now()
    const found = new Map<string, SessionRecord | undefined>()
    for (const row of rows) found.set(decodeText(row[0]), liveRecord(row, now))
    return ids.map(id => found.get(id))
  }

  apply(changes: readonly Change[]): Outcome[] {
    return this.#write(() => applyBatch(this.#sql, changes, this.#now()))
  }

  sweep(now: number, limit: number): string[] {
    return this.#write(() => ids(this.#sql.sweep, now, limit))
  }

  findByUser(userId: string): SessionRecord[] {
    const now = this.#now()
    return this.#sql.findByUser.all(encodeText(userId), now).flatMap(row => liveRecord(row, now) ?? [])
  }

  countByUser(userId: string): number {
    return number(this.#sql.countByUser, encodeText(userId), this.#now())
  }

  revokeByUser(userId: string, except: string | undefined): string[] {
    const user = encodeText(userId)
    // No id is NULL, and `IS NOT` compares with it, so that leaving `except` out excepts nothing.
    const kept = except === undefined ? null : encodeText(except)
    return this.#write(() => ids(this.#sql.revokeByUser, user, this.#now(), kept))
  }

  countLive(): number {
    return number(this.#sql.countLive, this.#now())
  }

  countUsersSeen(since: number): number {
    return number(this.#sql.countUsersSeen, since, this.#now())
  }

  /** The last row as of now; what is inserted later comes after it. */
  lastRow(): number {
    return number(this.#sql.lastRow)
  }

  /** Revokes up to `limit` sessions among the rows up to `lastRow`. */
  revokeSlice(lastRow: number, limit: number): RevokedSlice {
    return this.#write(() => {
      const now = this.#now()
      const ends = this.#sql.revokeSlice.all(lastRow, limit).map(row => Number(row["expires_at"]))
      return { more: ends.length === limit, live: ends.filter(end => end > now).length }
    })
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
  if (row[12] <= now) return undefined
  try {
    return { ...decodeFacts(row), data: liveData(decodeData(row[18]), now) }
  } catch (error) {
    throw unreadableRow(row[0], error)
  }
}

const number = (statement: StatementSync, ...values: Value[]): number =>
  Number(statement.get(...values)?.["n"] ?? 0)

const ids = (statement: StatementSync, ...values: Value[]): string[] =>
  statement.all(...values).map(row => decodeText(String(row["id"])))
