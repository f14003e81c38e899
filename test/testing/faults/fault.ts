import {
  type Applied,
  applyChange,
  type Change,
  type Outcome,
  type SessionRecord,
} from "../../../src/contract/index.ts"
import { type Disk, ReferenceStore } from "../reference-store.ts"

/** A store with one thing wrong. */
export interface Fault {
  readonly name: string
  readonly open: (now: () => number, disk: Disk) => ReferenceStore
}

export type Apply = (record: SessionRecord | undefined, change: Change, now: number) => Applied

/** A store that keeps records well but misunderstands changes. */
export function misapplied(name: string, apply: Apply): Fault {
  class Misapplying extends ReferenceStore {
    protected override applied(record: SessionRecord | undefined, change: Change): Applied {
      return apply(record, change, this.now())
    }
  }
  return { name, open: (now, disk) => new Misapplying(now, disk) }
}

/** A store that understands changes but spoils what comes of them; `before` is what it held. */
export function spoilt(
  name: string,
  spoil: (after: SessionRecord, change: Change, before: SessionRecord | undefined) => Partial<SessionRecord>,
): Fault {
  return misapplied(name, (before, change, now) => {
    const { outcome, record } = applyChange(before, change, now)
    if (outcome.kind !== "applied" || !record) return { outcome, record }
    return { outcome, record: { ...record, ...spoil(record, change, before) } }
  })
}

/** A store that cannot keep everything that a new record says. */
export const lossy = (name: string, lose: (record: SessionRecord) => Partial<SessionRecord>): Fault =>
  spoilt(name, (record, change) => (change.kind === "create" ? lose(record) : {}))

/** A store that takes a change for another one. */
export const misread = (name: string, read: (change: Change, record: SessionRecord) => Change): Fault =>
  misapplied(name, (record, change, now) => applyChange(record, record ? read(change, record) : change, now))

/** A store that tells another outcome than what it did. */
export const mistold = (name: string, tell: (outcome: Outcome, change: Change) => Outcome): Fault =>
  misapplied(name, (before, change, now) => {
    const { outcome, record } = applyChange(before, change, now)
    return { outcome: tell(outcome, change), record }
  })
