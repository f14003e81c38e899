import {
  type Change,
  type Hit,
  type Outcome,
  SessionError,
  type SessionRecord,
} from "../../../src/contract/index.ts"
import { type Disk, ReferenceStore } from "../reference-store.ts"
import type { Fault } from "./fault.ts"

const never = new Promise<never>(() => {})

class Unclosed extends ReferenceStore {
  override async close(): Promise<void> {}
}

class ClosedOnce extends ReferenceStore {
  #closed = false
  override async close(): Promise<void> {
    if (this.#closed) throw new SessionError("ERR_SESSION_CLOSED", "closed already")
    this.#closed = true
    await super.close()
  }
}

class OtherCode extends ReferenceStore {
  protected override requireOpen(): void {
    try {
      super.requireOpen()
    } catch (cause) {
      throw new SessionError("ERR_SESSION_STORE_UNAVAILABLE", "not open", cause)
    }
  }
}

/** Throws at the call instead of rejecting. */
class Throwing extends ReferenceStore {
  override find(ids: readonly string[]): Promise<(SessionRecord | undefined)[]> {
    this.requireOpen()
    return super.find(ids)
  }
}

/** Leaves calls unanswered that were under way when it was closed. */
class Forsaking extends ReferenceStore {
  override async apply(changes: readonly Change[]): Promise<Outcome[]> {
    await new Promise(resolve => setImmediate(resolve))
    const outcomes = await super.apply(changes).catch(() => never)
    return outcomes
  }
}

class HangingOnAbort extends ReferenceStore {
  override find(ids: readonly string[], signal?: AbortSignal) {
    return signal?.aborted ? never : super.find(ids)
  }
  override apply(changes: readonly Change[], signal?: AbortSignal) {
    return signal?.aborted ? never : super.apply(changes)
  }
  override findByUser(userId: string, signal?: AbortSignal) {
    return signal?.aborted ? never : super.findByUser(userId)
  }
  override countLive(signal?: AbortSignal) {
    return signal?.aborted ? never : super.countLive()
  }
  override revokeAll(signal?: AbortSignal) {
    return signal?.aborted ? never : super.revokeAll()
  }
  override revokeByExternalId(externalId: string, signal?: AbortSignal) {
    return signal?.aborted ? never : super.revokeByExternalId(externalId)
  }
  override hit(hits: readonly Hit[], signal?: AbortSignal) {
    return signal?.aborted ? never : super.hit(hits)
  }
}

/** Breaks down at the first signal that is aborted. */
class Broken extends ReferenceStore {
  override async apply(changes: readonly Change[], signal?: AbortSignal): Promise<Outcome[]> {
    signal?.addEventListener("abort", () => this.records.clear())
    return super.apply(changes)
  }
}

/** Keeps what it is given in memory until it is closed, and then forgets the last change of each call. */
class Buffering extends ReferenceStore {
  readonly #disk: Disk
  #written = 0
  constructor(now: () => number, disk: Disk) {
    super(now, new Map(disk))
    this.#disk = disk
  }
  override async apply(changes: readonly Change[]): Promise<Outcome[]> {
    const before = new Map(this.records)
    const outcomes = await super.apply(changes)
    if (this.#written++ % 2 === 0) this.#replaceDisk(this.records)
    else if (this.#disk.size === 0) this.#replaceDisk(before)
    return outcomes
  }
  #replaceDisk(records: Disk): void {
    this.#disk.clear()
    for (const [id, record] of records) this.#disk.set(id, record)
  }
}

/** Removes from memory and leaves it on the disk. */
class Undead extends ReferenceStore {
  readonly #disk: Disk
  constructor(now: () => number, disk: Disk) {
    super(now, new Map(disk))
    this.#disk = disk
  }
  protected override change(change: Change): Outcome {
    const outcome = super.change(change)
    for (const [id, record] of this.records) this.#disk.set(id, record)
    return outcome
  }
}

/** Opens with what was on the disk and writes to another place. */
class ReadOnce extends ReferenceStore {
  constructor(now: () => number, disk: Disk) {
    super(now, disk.size > 0 ? new Map(disk) : disk)
  }
}

/** Sweeps only what it was told itself since it was opened. */
class SweepsOwn extends ReferenceStore {
  readonly #own = new Set<string>()
  protected override change(change: Change): Outcome {
    if (change.kind === "create") this.#own.add(change.record.id)
    return super.change(change)
  }
  override async sweep(now: number, limit: number): Promise<readonly string[]> {
    const others = [...this.records].filter(([id]) => !this.#own.has(id))
    for (const [id] of others) this.records.delete(id)
    const swept = await super.sweep(now, limit)
    for (const [id, record] of others) this.records.set(id, record)
    return swept
  }
}

/** Indexes and counts only what it was told itself since it was opened. */
class IndexesOwn extends ReferenceStore {
  readonly #own = new Set<string>()
  protected override change(change: Change): Outcome {
    if (change.kind === "create") this.#own.add(change.record.id)
    return super.change(change)
  }
  protected override live(): SessionRecord[] {
    return super.live().filter(record => this.#own.has(record.id))
  }
}

/** Judges at opening what lives, and serves it from then on. */
class JudgesOnce extends ReferenceStore {
  readonly #loaded: Set<string>
  constructor(now: () => number, disk: Disk) {
    super(now, disk)
    this.#loaded = new Set(disk.keys())
  }
  protected override isLive(record: SessionRecord): boolean {
    return this.#loaded.has(record.id) || super.isLive(record)
  }
}

export const lifecycleFaults: readonly Fault[] = [
  { name: "answers after it was closed", open: (now, disk) => new Unclosed(now, disk) },
  { name: "fails when closed twice", open: (now, disk) => new ClosedOnce(now, disk) },
  { name: "tells another code when closed", open: (now, disk) => new OtherCode(now, disk) },
  { name: "throws at the call when closed", open: (now, disk) => new Throwing(now, disk) },
  { name: "leaves calls unanswered when closed", open: (now, disk) => new Forsaking(now, disk) },
  { name: "hangs when the signal is aborted", open: (now, disk) => new HangingOnAbort(now, disk) },
  { name: "breaks down when a signal is aborted later", open: (now, disk) => new Broken(now, disk) },
  { name: "loses every other call at closing", open: (now, disk) => new Buffering(now, disk) },
  { name: "finds revoked records again after opening", open: (now, disk) => new Undead(now, disk) },
  { name: "does not write after it was opened again", open: (now, disk) => new ReadOnce(now, disk) },
  { name: "sweeps nothing of before it was opened", open: (now, disk) => new SweepsOwn(now, disk) },
  { name: "indexes nothing of before it was opened", open: (now, disk) => new IndexesOwn(now, disk) },
  { name: "judges liveness when it is opened", open: (now, disk) => new JudgesOnce(now, disk) },
]
