import { ReferenceStore } from "../reference-store.ts"
import type { Fault } from "./fault.ts"

class AllRecords extends ReferenceStore {
  override async countLive(): Promise<number> {
    await super.countLive()
    return this.records.size
  }
}

class LoggedInOnly extends ReferenceStore {
  override async countLive(): Promise<number> {
    await super.countLive()
    return this.live().filter(record => record.login).length
  }
}

/** Counts what it creates, and forgets that a new record may replace an expired one. */
class Tally extends ReferenceStore {
  #created = 0
  protected override change(...[change]: Parameters<ReferenceStore["change"]>) {
    const outcome = super.change(change)
    if (change.kind === "create" && outcome.kind === "applied") this.#created++
    if (change.kind === "revoke" && outcome.kind === "applied") this.#created--
    return outcome
  }
  override async countLive(): Promise<number> {
    await super.countLive()
    return this.#created
  }
}

class SeenSessions extends ReferenceStore {
  override async countUsersSeen(since: number): Promise<number> {
    await super.countUsersSeen(since)
    return this.live().filter(record => record.login && record.lastSeenAt >= since).length
  }
}

class SeenAfter extends ReferenceStore {
  override countUsersSeen(since: number): Promise<number> {
    return super.countUsersSeen(since + 1)
  }
}

class SeenEver extends ReferenceStore {
  override async countUsersSeen(since: number): Promise<number> {
    await super.countUsersSeen(since)
    const seen = [...this.records.values()].filter(record => record.lastSeenAt >= since)
    return new Set(seen.flatMap(record => record.login?.userId ?? [])).size
  }
}

class SeenAnonymous extends ReferenceStore {
  override async countUsersSeen(since: number): Promise<number> {
    await super.countUsersSeen(since)
    const seen = this.live().filter(record => record.lastSeenAt >= since)
    return new Set(seen.map(record => record.login?.userId)).size
  }
}

class ClearCounts extends ReferenceStore {
  override async revokeAll(): Promise<number> {
    const count = this.records.size
    await super.revokeAll()
    return count
  }
}

class ClearNothing extends ReferenceStore {
  override revokeAll(): Promise<number> {
    return this.countLive()
  }
}

class ClearForever extends ReferenceStore {
  #cleared = false
  override async revokeAll(): Promise<number> {
    const count = await super.revokeAll()
    this.#cleared = true
    return count
  }
  protected override ofUser(userId: string) {
    return this.#cleared ? [] : super.ofUser(userId)
  }
}

class ClearEmpty extends ReferenceStore {
  override async revokeAll(): Promise<number> {
    if (this.records.size === 0) throw new RangeError("nothing to revoke")
    return super.revokeAll()
  }
}

export const countFaults: readonly Fault[] = [
  { name: "counts expired sessions as live", open: (now, disk) => new AllRecords(now, disk) },
  { name: "counts no anonymous sessions", open: (now, disk) => new LoggedInOnly(now, disk) },
  { name: "keeps a tally of creates and revocations", open: (now, disk) => new Tally(now, disk) },
  { name: "counts sessions for users", open: (now, disk) => new SeenSessions(now, disk) },
  { name: "counts users seen after the moment only", open: (now, disk) => new SeenAfter(now, disk) },
  { name: "counts users of expired sessions", open: (now, disk) => new SeenEver(now, disk) },
  { name: "counts nobody as a user", open: (now, disk) => new SeenAnonymous(now, disk) },
  { name: "tells expired sessions as ended by revokeAll", open: (now, disk) => new ClearCounts(now, disk) },
  { name: "revokes nothing by revokeAll", open: (now, disk) => new ClearNothing(now, disk) },
  { name: "has no user index after revokeAll", open: (now, disk) => new ClearForever(now, disk) },
  { name: "fails at revokeAll when empty", open: (now, disk) => new ClearEmpty(now, disk) },
]
