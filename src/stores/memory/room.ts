import { applyChange } from "../../contract/apply-change.ts"
import { type Change, idOf } from "../../contract/change.ts"
import type { ClientFacts, Login, SessionData, SessionRecord } from "../../contract/record.ts"
import type { MemoryLimits } from "./options.ts"
import { SESSION_BYTES, type SessionTable } from "./session-table.ts"

/** By how much changes make the table grow. */
export interface Growth {
  readonly sessions: number
  readonly bytes: number
}

/** More than what a block may grow by beside its texts: rounding, headers, numbers. */
const SLACK = 640
const TEXT_SLACK = 16

/**
 * The limits of a table, and what has been promised to calls that are being applied. Judging is exact for one call at a
 * time; long calls that undo each other's savings while they overlap may pass `maxBytes` by as much.
 */
export class Room {
  readonly limits: MemoryLimits
  #claimed: Growth = { sessions: 0, bytes: 0 }

  constructor(limits: MemoryLimits) {
    this.limits = limits
  }

  /**
   * Claims the room that the changes need, together; `undefined` when there is too little. {@link release} it
   * after.
   */
  claim(table: SessionTable, changes: readonly Change[], now: number): Growth | undefined {
    let growth = mostGrowth(changes)
    if (!this.#fits(table, growth)) growth = exactGrowth(table, changes, now)
    if (!this.#fits(table, growth)) return undefined
    this.#claimed = sum(this.#claimed, growth, 1)
    return growth
  }

  release(growth: Growth): void {
    this.#claimed = sum(this.#claimed, growth, -1)
  }

  #fits(table: SessionTable, { sessions, bytes }: Growth): boolean {
    const { maxSessions, maxBytes } = this.limits
    return (
      (sessions <= 0 || table.count + this.#claimed.sessions + sessions <= maxSessions) &&
      (bytes <= 0 || table.held + this.#claimed.bytes + bytes <= maxBytes)
    )
  }
}

const sum = (a: Growth, b: Growth, sign: 1 | -1): Growth => ({
  sessions: a.sessions + sign * Math.max(0, b.sessions),
  bytes: a.bytes + sign * Math.max(0, b.bytes),
})

/**
 * What the changes may take at most, seen from the changes alone. Enough to know wherever the limits are not near.
 */
function mostGrowth(changes: readonly Change[]): Growth {
  let sessions = 0
  let bytes = 0
  for (const change of changes) {
    if (change.kind === "create") {
      sessions++
      bytes += SESSION_BYTES + SLACK + ofRecord(change.record)
    } else if (change.kind === "patch") bytes += SLACK + ofData(change.set) + ofClient(change.client)
    else if (change.kind === "rotate") {
      bytes += SLACK + ofData(change.set) + ofClient(change.client) + ofText(change.previousSecretHash)
      bytes += ofLogin(change.privilege?.login)
    } else if (change.kind === "touch" && change.confirm !== undefined) bytes += SLACK
  }
  return { sessions, bytes }
}

const ofRecord = ({ data, client, login, previous }: SessionRecord): number =>
  ofData(data) + ofClient(client) + ofLogin(login) + ofText(previous?.secretHash)

function ofData(data: SessionData): number {
  let bytes = 0
  for (const [key, value] of data) bytes += ofText(key) + ofText(value.text)
  return bytes
}

function ofLogin(login: Login | undefined): number {
  if (login === undefined) return 0
  let bytes =
    ofText(login.userId) + ofText(login.assurance) + ofText(login.stampHash) + ofText(login.externalId)
  for (const { name } of login.methods) bytes += ofText(name)
  return bytes
}

const ofClient = (client: ClientFacts | undefined): number =>
  client === undefined ? 0 : ofText(client.address) + ofText(client.userAgent) + ofText(client.label)

const ofText = (text: string | undefined): number => (text === undefined ? 0 : TEXT_SLACK + 2 * text.length)

/** What the changes take, by trying them out on copies: dear, but needed only near a limit. */
function exactGrowth(table: SessionTable, changes: readonly Change[], now: number): Growth {
  const after = new Map<string, SessionRecord | undefined>()
  for (const change of changes) {
    const id = idOf(change)
    const before = after.has(id) ? after.get(id) : liveRecord(table, id, now)
    after.set(id, applyChange(before, change, now).record)
  }
  let sessions = 0
  let bytes = 0
  for (const [id, record] of after) {
    const row = table.find(id)
    if (record !== undefined) {
      sessions++
      bytes += table.bytesFor(record)
    }
    if (row !== 0 && (record !== undefined || table.isLive(row, now))) {
      sessions--
      bytes -= table.bytesOf(row)
    }
  }
  return { sessions, bytes }
}

function liveRecord(table: SessionTable, id: string, now: number): SessionRecord | undefined {
  const row = table.find(id)
  return row !== 0 && table.isLive(row, now) ? table.read(row, id) : undefined
}
