import type { Change, Outcome } from "../../contract/change.ts"
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
import { HitCounts } from "../hit-counts.ts"
import { checkChange } from "./change-check.ts"
import type { MemoryLimits } from "./options.ts"
import { Pace } from "./pace.ts"
import { type Growth, Room } from "./room.ts"
import { SessionTable } from "./session-table.ts"
import { changeTable } from "./table-change.ts"

/**
 * The sessions of one process, see {@link createMemoryStore}. It answers at once; only what concerns thousands of
 * sessions is done in turns with the event loop. So no call takes long enough to need its `signal`.
 */
export class MemoryStore
  implements
    ImmediateStore,
    UserIndexedStore,
    ExternallyIndexedStore,
    CountingStore,
    ClearableStore,
    HitCountingStore
{
  readonly #room: Room
  readonly #now: () => number
  readonly #hits: HitCounts
  readonly #pace = new Pace()
  /** `undefined` once it is closed. */
  #table: SessionTable | undefined = new SessionTable()

  constructor(limits: MemoryLimits, now: () => number) {
    this.#room = new Room(limits)
    this.#hits = new HitCounts(limits.maxHitKeys)
    this.#now = now
  }

  findNow(id: string): SessionRecord | undefined {
    const table = this.#open()
    const row = table.find(id)
    return row !== 0 && table.isLive(row, this.#now()) ? table.read(row, id) : undefined
  }

  async find(ids: readonly string[]): Promise<(SessionRecord | undefined)[]> {
    this.#open()
    return ids.map(id => this.findNow(id))
  }

  /**
   * See `SessionStore.apply`. `ERR_SESSION_STORE_FULL` and `ERR_SESSION_INVALID_ARGUMENT` (a create with a
   * malformed id or secret hash) refuse the whole call, and tell that nothing of it has been applied.
   */
  async apply(changes: readonly Change[]): Promise<Outcome[]> {
    this.#open()
    const pace = this.#pace
    for (const change of changes) {
      checkChange(change)
      if (pace.isTired()) await pace.rest()
    }
    const claimed = this.#room.claim(this.#open(), changes, this.#now()) ?? (await this.#makeRoom(changes))
    try {
      const outcomes: Outcome[] = []
      for (const change of changes) {
        outcomes.push(changeTable(this.#open(), change, this.#now()))
        if (pace.isTired()) await pace.rest()
      }
      return outcomes
    } finally {
      this.#room.release(claimed)
    }
  }

  async sweep(now: number, limit: number): Promise<readonly string[]> {
    this.#open().makeDue(now)
    const ids: string[] = []
    while (ids.length < limit) {
      const id = this.#open().reclaimNext(now)
      if (id === undefined) break
      if (id !== "") ids.push(id)
      if (this.#pace.isTired()) await this.#pace.rest()
    }
    await this.#hits.sweep(now)
    return ids
  }

  async findByUser(userId: string): Promise<SessionRecord[]> {
    const table = this.#open()
    return this.#liveRowsOf(userId)
      .map(row => table.read(row))
      .sort(byAuthentication)
  }

  async countByUser(userId: string): Promise<number> {
    return this.#liveRowsOf(userId).length
  }

  async revokeByUser(userId: string, except?: string): Promise<readonly string[]> {
    const table = this.#open()
    return this.#revoke(this.#liveRowsOf(userId).filter(row => table.idOf(row) !== except))
  }

  async revokeByExternalId(externalId: string): Promise<readonly string[]> {
    return this.#revoke(this.#live(this.#open().rowsOfExternal(externalId)))
  }

  /** See `HitCountingStore.hit`. `ERR_SESSION_STORE_FULL` refuses the whole call, and nothing of it is counted. */
  async hit(hits: readonly Hit[]): Promise<HitOutcome[]> {
    this.#open()
    return this.#hits.hit(hits, this.#now())
  }

  async countLive(): Promise<number> {
    return countLive(this.#open(), this.#now(), this.#pace)
  }

  async countUsersSeen(since: number): Promise<number> {
    return countUsersSeen(this.#open(), this.#now(), since, this.#pace)
  }

  /**
   * At once and in one step: the table is replaced by an empty one, and what was live in the old one is counted
   * then.
   */
  async revokeAll(): Promise<number> {
    const ended = this.#open()
    this.#table = new SessionTable()
    return countLive(ended, this.#now(), this.#pace)
  }

  async close(): Promise<void> {
    this.#table = undefined
    this.#hits.clear()
  }

  #open(): SessionTable {
    if (this.#table !== undefined) return this.#table
    throw new SessionError(
      "ERR_SESSION_CLOSED",
      "The memory store has been closed, and its sessions with it. Open another one.",
    )
  }

  #liveRowsOf(userId: string): number[] {
    return this.#live(this.#open().rowsOfUser(userId))
  }

  #live(rows: number[]): number[] {
    const table = this.#open()
    const now = this.#now()
    return rows.filter(row => table.isLive(row, now))
  }

  #revoke(rows: readonly number[]): readonly string[] {
    const table = this.#open()
    return rows.map(row => {
      const id = table.idOf(row)
      table.remove(row)
      return id
    })
  }

  /** Removes expired sessions until there is room for all of the changes, and claims it. */
  async #makeRoom(changes: readonly Change[]): Promise<Growth> {
    const now = this.#now()
    this.#open().makeDue(now)
    while (this.#open().reclaimNext(now) !== undefined) {
      if (!this.#pace.isTired()) continue
      const claimed = this.#room.claim(this.#open(), changes, now)
      if (claimed !== undefined) return claimed
      await this.#pace.rest()
    }
    const claimed = this.#room.claim(this.#open(), changes, now)
    if (claimed === undefined) throw this.#full()
    return claimed
  }

  #full(): SessionError {
    const { maxSessions, maxBytes } = this.#room.limits
    const { count, held } = this.#open()
    return new SessionError(
      "ERR_SESSION_STORE_FULL",
      `The memory store is full: ${count} of ${maxSessions} sessions, ${held} of ${maxBytes} bytes, none of them expired. ` +
        "Nothing was applied. No live session is evicted for a new one, as that would log somebody out: raise " +
        "maxSessions or maxBytes, shorten the timeouts, limit the sessions of a user, or use a store on disk.",
    )
  }
}

/** Each session is judged once, while others may come and go; the count is exact when nothing changes meanwhile. */
async function countLive(table: SessionTable, now: number, pace: Pace): Promise<number> {
  let count = 0
  for (let row = table.start; row < table.end; row++) {
    if (table.isLive(row, now)) count++
    if (pace.isTired()) await pace.rest()
  }
  return count
}

async function countUsersSeen(table: SessionTable, now: number, since: number, pace: Pace): Promise<number> {
  const counted = new Uint8Array(table.userEnd)
  let count = 0
  for (let row = table.start; row < table.end; row++) {
    const user = table.userOf(row)
    if (user !== 0 && counted[user] === 0 && table.lastSeenAt(row) >= since && table.isLive(row, now)) {
      counted[user] = 1
      count++
    }
    if (pace.isTired()) await pace.rest()
  }
  return count
}

function byAuthentication(a: SessionRecord, b: SessionRecord): number {
  const difference = (a.login?.authenticatedAt ?? 0) - (b.login?.authenticatedAt ?? 0)
  return difference || (a.id < b.id ? -1 : 1)
}
