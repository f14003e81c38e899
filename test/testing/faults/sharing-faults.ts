import type { Change, Outcome, SessionRecord } from "../../../src/contract/index.ts"
import { ReferenceStore } from "../reference-store.ts"
import type { Fault } from "./fault.ts"

/** Hands out and takes in the very objects that it keeps. */
class Sharing extends ReferenceStore {
  protected override copy(record: SessionRecord): SessionRecord {
    return record
  }
}

class ShallowReading extends ReferenceStore {
  protected override read(id: string): SessionRecord | undefined {
    const record = this.records.get(id)
    return record && this.isLive(record) ? { ...record, data: new Map(record.data) } : undefined
  }
}

class SharingAtOnce extends ReferenceStore {
  override findNow(id: string): SessionRecord | undefined {
    this.requireOpen()
    const record = this.records.get(id)
    return record && this.isLive(record) ? record : undefined
  }
}

class KeepingCreated extends ReferenceStore {
  protected override change(change: Change): Outcome {
    const outcome = super.change(change)
    if (change.kind === "create" && outcome.kind === "applied")
      this.records.set(change.record.id, change.record)
    return outcome
  }
}

/** Changes its records in place. */
class InPlace extends ReferenceStore {
  protected override copy(record: SessionRecord): SessionRecord {
    return record
  }

  protected override change(change: Change): Outcome {
    const id = change.kind === "create" ? change.record.id : change.id
    const before = this.records.get(id)
    const outcome = super.change(change)
    const after = this.records.get(id)
    if (before && after) this.records.set(id, Object.assign(before, after))
    return outcome
  }
}

/** Keeps the map of a patch as the newest layer of the data. */
class Layers extends ReferenceStore {
  protected override change(change: Change): Outcome {
    const outcome = super.change(change)
    if ((change.kind !== "patch" && change.kind !== "rotate") || outcome.kind !== "applied") return outcome
    const after = this.records.get(change.id)
    if (after && after.data.size === change.set.size)
      this.records.set(change.id, { ...after, data: change.set })
    return outcome
  }
}

class Consuming extends ReferenceStore {
  protected override change(change: Change): Outcome {
    const outcome = super.change(change)
    if (change.kind === "patch") Map.prototype.clear.call(change.set)
    return outcome
  }
}

export const sharingFaults: readonly Fault[] = [
  { name: "shares its records", open: (now, disk) => new Sharing(now, disk) },
  { name: "shares the parts of its records", open: (now, disk) => new ShallowReading(now, disk) },
  { name: "shares its records by findNow", open: (now, disk) => new SharingAtOnce(now, disk) },
  { name: "keeps the created record itself", open: (now, disk) => new KeepingCreated(now, disk) },
  { name: "changes shared records in place", open: (now, disk) => new InPlace(now, disk) },
  { name: "keeps the map of a patch", open: (now, disk) => new Layers(now, disk) },
  { name: "uses up the changes it is given", open: (now, disk) => new Consuming(now, disk) },
]
