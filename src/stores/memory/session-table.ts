import { randomInt } from "node:crypto"
import type { SessionRecord } from "../../contract/record.ts"
import { EXPIRY_HEADS, ExpiryOrder } from "./expiry-order.ts"
import { EXTERNAL_BYTES, ExternalIndex } from "./external-index.ts"
import { IdIndex } from "./id-index.ts"
import { FLAG, FLOAT, INT, ROW_BYTES } from "./layout.ts"
import { RecordRows } from "./record-rows.ts"
import { Rows } from "./rows.ts"
import { ENTRY_BYTES, UserIndex } from "./user-index.ts"

const HEAD_BYTES = 4
/** What a session takes beside its block: its row, a user's entry, and the heads of their chains. */
export const SESSION_BYTES = ROW_BYTES + HEAD_BYTES + ENTRY_BYTES + HEAD_BYTES

/**
 * The sessions, found by id, by user and in the order of expiry. Everything here is synchronous and knows neither
 * clock nor limits. A session is named by its row; 0 is none.
 */
export class SessionTable {
  readonly #rows = new Rows(ROW_BYTES, EXPIRY_HEADS)
  readonly #records = new RecordRows(this.#rows)
  readonly #ids = new IdIndex(this.#rows)
  readonly #users = new UserIndex(
    this.#rows,
    row => this.#records.loginOf(row)?.userId ?? "",
    randomInt(2 ** 31),
  )
  readonly #externals = new ExternalIndex(row => this.#records.loginOf(row)?.externalId, randomInt(2 ** 31))
  readonly #expiry = new ExpiryOrder(this.#rows)

  /** Sessions, expired ones included. */
  get count(): number {
    return this.#rows.count
  }

  /** Bytes of all sessions, without the room to spare in rows and pages. */
  get held(): number {
    return this.#rows.count * SESSION_BYTES + this.#externals.count * EXTERNAL_BYTES + this.#records.held
  }

  /** Walking all sessions means to walk the rows from `start` to before `end`: those in between need not be live. */
  get start(): number {
    return this.#rows.start
  }

  get end(): number {
    return this.#rows.end
  }

  /** One past the highest number that {@link userOf} gives. */
  get userEnd(): number {
    return this.#users.end
  }

  find(id: string): number {
    return this.#ids.find(id)
  }

  idOf(row: number): string {
    return this.#ids.idOf(row)
  }

  isLive(row: number, now: number): boolean {
    return now < this.#rows.float(row, FLOAT.expiresAt) && (this.#rows.int(row, INT.flags) & FLAG.used) !== 0
  }

  read(row: number, id = this.idOf(row)): SessionRecord {
    return this.#records.read(row, id)
  }

  versionOf(row: number): number {
    return this.#rows.float(row, FLOAT.version)
  }

  lastSeenAt(row: number): number {
    return this.#rows.float(row, FLOAT.lastSeenAt)
  }

  /** A number that stands for the session's user; 0: it is anonymous. */
  userOf(row: number): number {
    return this.#rows.int(row, INT.user)
  }

  /** The user's sessions, expired ones included. */
  rowsOfUser(userId: string): number[] {
    return this.#users.rowsOf(userId)
  }

  /** The sessions that came from this session of an identity provider, expired ones included. */
  rowsOfExternal(externalId: string): number[] {
    return this.#externals.rowsOf(externalId)
  }

  /** What the session takes, and what it would take if it were this record. */
  bytesOf(row: number): number {
    const external = this.#records.hasExternalId(row) ? EXTERNAL_BYTES : 0
    return SESSION_BYTES + external + this.#records.blockBytesOf(row)
  }

  bytesFor(record: SessionRecord): number {
    const external = record.login?.externalId === undefined ? 0 : EXTERNAL_BYTES
    return SESSION_BYTES + external + this.#records.blockBytesFor(record)
  }

  /** Adds a session whose id is free. */
  insert(record: SessionRecord): void {
    const row = this.#rows.allocate()
    this.#records.write(row, record)
    this.#ids.insert(row, record.id)
    if (record.login) this.#users.add(row, record.login.userId)
    this.#addExternal(row, record)
    this.#expiry.add(row)
  }

  /** Puts a record of the same id in the place of `before`, which is what the row holds. */
  replace(row: number, before: SessionRecord, record: SessionRecord): void {
    const userId = record.login?.userId
    const sameUser = userId === before.login?.userId
    const sameExternal = record.login?.externalId === before.login?.externalId
    if (!sameUser) this.#users.remove(row)
    if (!sameExternal) this.#removeExternal(row)
    this.#records.write(row, record)
    if (!sameUser && userId !== undefined) this.#users.add(row, userId)
    if (!sameExternal) this.#addExternal(row, record)
    if (record.expiresAt < before.expiresAt) this.#reorder(row)
  }

  /** Notes a use; both times only ever grow, within the absolute expiry. */
  touch(row: number, seenAt: number, expiresAt: number): void {
    const before = this.#rows.float(row, FLOAT.expiresAt)
    const absolute = this.#rows.float(row, FLOAT.absoluteExpiresAt)
    const after = Math.min(absolute, Math.max(before, expiresAt))
    this.#rows.setFloat(row, FLOAT.lastSeenAt, Math.max(this.lastSeenAt(row), seenAt))
    this.#rows.setFloat(row, FLOAT.expiresAt, after)
    if (after < before) this.#reorder(row)
  }

  /** Whether seeing this generation's secret confirms it: it is the current one, and the previous is still good. */
  awaitsConfirmation(row: number, generation: number): boolean {
    const flags = this.#rows.int(row, INT.flags)
    return (
      this.#rows.int(row, INT.generation) >>> 0 === generation &&
      (flags & (FLAG.previous | FLAG.confirmed)) === FLAG.previous
    )
  }

  remove(row: number): void {
    this.#expiry.remove(row)
    this.#users.remove(row)
    this.#removeExternal(row)
    this.#ids.remove(row)
    this.#records.clear(row)
    this.#rows.free(row)
  }

  /** Makes due what may have expired at or before `now`, for {@link reclaimNext}. */
  makeDue(now: number): void {
    this.#expiry.advance(now)
  }

  /**
   * Looks at one session that is due, and removes it if it has expired. Returns its id then, `""` if it lives on, and
   * `undefined` when nothing is due any more.
   */
  reclaimNext(now: number): string | undefined {
    const row = this.#expiry.takeDue()
    if (row === 0) return undefined
    if (this.isLive(row, now)) {
      this.#expiry.add(row)
      return ""
    }
    const id = this.idOf(row)
    this.remove(row)
    return id
  }

  #addExternal(row: number, { login }: SessionRecord): void {
    if (login?.externalId !== undefined) this.#externals.add(row, login.externalId)
  }

  #removeExternal(row: number): void {
    if (!this.#records.hasExternalId(row)) return
    const externalId = this.#records.loginOf(row)?.externalId
    if (externalId !== undefined) this.#externals.remove(row, externalId)
  }

  #reorder(row: number): void {
    this.#expiry.remove(row)
    this.#expiry.add(row)
  }
}
