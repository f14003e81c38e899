import { setImmediate as turn } from "node:timers/promises"
import {
  applyChange,
  type Change,
  idOf,
  type Outcome,
  type SessionRecord,
} from "../../../src/contract/index.ts"
import { ReferenceStore } from "../reference-store.ts"
import type { Fault } from "./fault.ts"

/** Reads the record, thinks, writes it back as a whole: what every other change did meanwhile is lost. */
class WholeRecord extends ReferenceStore {
  override async apply(changes: readonly Change[]): Promise<Outcome[]> {
    const before = new Map(changes.map(change => [idOf(change), this.records.get(idOf(change))]))
    await super.apply([])
    await turn()
    return changes.map(change => this.#write(before, change))
  }

  #write(before: Map<string, SessionRecord | undefined>, change: Change): Outcome {
    const { outcome, record } = applyChange(before.get(idOf(change)), change, this.now())
    before.set(idOf(change), record)
    if (record) this.records.set(record.id, structuredClone(record))
    else this.records.delete(idOf(change))
    return outcome
  }
}

/** Judges all changes of a call by what was stored before it. */
class OneSnapshot extends ReferenceStore {
  override async apply(changes: readonly Change[]): Promise<Outcome[]> {
    await super.apply([])
    const before = new Map(this.records)
    return changes.map(change => {
      const { outcome, record } = applyChange(before.get(idOf(change)), change, this.now())
      if (record) this.records.set(idOf(change), structuredClone(record))
      else this.remove(idOf(change))
      return outcome
    })
  }
}

/** Checks the version in one step and writes in another. */
class CheckThenAct extends ReferenceStore {
  override async apply(changes: readonly Change[]): Promise<Outcome[]> {
    await super.apply([])
    const stale = changes.map(change => {
      const record = this.records.get(idOf(change))
      return change.kind === "patch" && change.ifVersion !== undefined && change.ifVersion !== record?.version
    })
    await turn()
    return changes.map((change, index) => {
      if (stale[index] && this.records.has(idOf(change))) return { kind: "conflict" }
      return this.change(change.kind === "patch" ? withoutIfVersion(change) : change)
    })
  }
}

function withoutIfVersion({ ifVersion: _, ...rest }: Extract<Change, { kind: "patch" }>): Change {
  return rest
}

/** Keeps what was revoked, and takes it out of its grave for one kind of change. */
class Graves extends ReferenceStore {
  readonly #graves = new Map<string, SessionRecord>()
  readonly #kind: Change["kind"]

  constructor(now: () => number, kind: Change["kind"]) {
    super(now)
    this.#kind = kind
  }

  protected override remove(id: string): string {
    const record = this.records.get(id)
    if (record) this.#graves.set(id, record)
    return super.remove(id)
  }

  protected override change(change: Change): Outcome {
    const grave = this.#graves.get(idOf(change))
    if (change.kind === this.#kind && grave && !this.records.has(grave.id)) this.records.set(grave.id, grave)
    return super.change(change)
  }
}

/** Remembers which ids were revoked and never lets them come again. */
class Tombstones extends ReferenceStore {
  readonly #tombs = new Set<string>()

  protected override remove(id: string): string {
    this.#tombs.add(id)
    return super.remove(id)
  }

  protected override change(change: Change): Outcome {
    return change.kind === "create" && this.#tombs.has(idOf(change))
      ? { kind: "exists" }
      : super.change(change)
  }
}

/** A store whose apply changes the changes or their outcomes as a list. */
function misbatched(
  name: string,
  apply: (changes: readonly Change[], each: (change: Change) => Outcome) => Outcome[],
): Fault {
  class Misbatching extends ReferenceStore {
    override async apply(changes: readonly Change[]): Promise<Outcome[]> {
      await super.apply([])
      return apply(changes, change => this.change(change))
    }
  }
  return { name, open: (now, disk) => new Misbatching(now, disk) }
}

const ORDER: readonly Change["kind"][] = ["create", "patch", "rotate", "touch", "revoke"]
const byKind = (changes: readonly Change[]): Change[] =>
  changes.toSorted((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind))

export const writingFaults: readonly Fault[] = [
  { name: "writes the whole record back", open: (now, disk) => new WholeRecord(now, disk) },
  { name: "judges a call by what was stored before it", open: (now, disk) => new OneSnapshot(now, disk) },
  { name: "checks the version and writes in two steps", open: (now, disk) => new CheckThenAct(now, disk) },
  { name: "revives a revoked record by a patch", open: now => new Graves(now, "patch") },
  { name: "revives a revoked record by a touch", open: now => new Graves(now, "touch") },
  { name: "revives a revoked record by a rotation", open: now => new Graves(now, "rotate") },
  { name: "revokes a revoked record again", open: now => new Graves(now, "revoke") },
  { name: "takes no id twice", open: (now, disk) => new Tombstones(now, disk) },
  misbatched("groups changes by their kind", (changes, each) => {
    const outcomes = new Map(byKind(changes).map(change => [change, each(change)]))
    return changes.map(change => outcomes.get(change) ?? { kind: "gone" })
  }),
  misbatched("answers outcomes in the order of the kinds", (changes, each) => {
    const outcomes = new Map(changes.map(change => [change, each(change)]))
    return byKind(changes).map(change => outcomes.get(change) ?? { kind: "gone" })
  }),
  misbatched("applies the last change first", (changes, each) => changes.toReversed().map(each).reverse()),
  misbatched("stops at the first refusal", (changes, each) => {
    let stopped = false
    return changes.map(change => {
      const outcome: Outcome = stopped ? { kind: "conflict" } : each(change)
      stopped ||= outcome.kind === "conflict"
      return outcome
    })
  }),
  misbatched("keeps one change per session and call", (changes, each) => {
    const last = new Map(changes.map(change => [idOf(change), change]))
    return changes.map(change =>
      last.get(idOf(change)) === change ? each(change) : { kind: "applied", version: 2 },
    )
  }),
  misbatched("takes 500 changes a call", (changes, each) => changes.slice(0, 500).map(each)),
  misbatched("answers an empty call with one outcome", (changes, each) =>
    changes.length === 0 ? [{ kind: "gone" }] : changes.map(each),
  ),
  misbatched("throws for a change under what is no id", (changes, each) => {
    if (changes.some(change => idOf(change).length !== 22)) throw new TypeError("no id")
    return changes.map(each)
  }),
]
