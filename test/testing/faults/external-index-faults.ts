import { type Change, idOf, type Outcome, type SessionRecord } from "../../../src/contract/index.ts"
import { ReferenceStore } from "../reference-store.ts"
import type { Fault } from "./fault.ts"

type Index = Map<string, string>

/** A store with an index of its own, kept up by `upkeep` after each change that was applied. */
function indexed(
  name: string,
  upkeep: (index: Index, change: Change, after: SessionRecord | undefined) => void,
): Fault {
  class Indexed extends ReferenceStore {
    readonly #index: Index = new Map()

    protected override change(change: Change): Outcome {
      const outcome = super.change(change)
      const id = idOf(change)
      if (outcome.kind === "applied") upkeep(this.#index, change, this.records.get(id))
      return outcome
    }

    protected override ofExternal(externalId: string): SessionRecord[] {
      return this.live().filter(record => this.#index.get(record.id) === externalId)
    }
  }
  return { name, open: now => new Indexed(now) }
}

/** A store that takes other sessions for those of an external id. */
function mistaken(
  name: string,
  list: (own: SessionRecord[], all: SessionRecord[], externalId: string) => SessionRecord[],
): Fault {
  class Mistaken extends ReferenceStore {
    protected override ofExternal(externalId: string): SessionRecord[] {
      return list(super.ofExternal(externalId), [...this.records.values()], externalId)
    }
  }
  return { name, open: (now, disk) => new Mistaken(now, disk) }
}

const like =
  (same: (a: string, b: string) => boolean) => (_: unknown, all: SessionRecord[], wanted: string) =>
    all.filter(({ login }) => login?.externalId !== undefined && same(login.externalId, wanted))

const put = (index: Index, record: SessionRecord | undefined): void => {
  if (record?.login?.externalId !== undefined) index.set(record.id, record.login.externalId)
}

class TellsOnly extends ReferenceStore {
  readonly #told = new Set<string>()
  override async revokeByExternalId(externalId: string): Promise<readonly string[]> {
    const own = this.ofExternal(externalId).map(({ id }) => id)
    const told = own.filter(id => !this.#told.has(id))
    for (const id of told) this.#told.add(id)
    return told
  }
}

class Silent extends ReferenceStore {
  override async revokeByExternalId(externalId: string): Promise<readonly string[]> {
    await super.revokeByExternalId(externalId)
    return []
  }
}

/** Writes back, a moment later, what it had read before it revoked. */
class ReviveAfterRevoke extends ReferenceStore {
  override async revokeByExternalId(externalId: string): Promise<readonly string[]> {
    const before = new Map(this.records)
    const ended = await super.revokeByExternalId(externalId)
    queueMicrotask(() => {
      for (const [id, record] of before) if (ended[0] === id) this.records.set(id, record)
    })
    return ended
  }
}

export const externalIndexFaults: readonly Fault[] = [
  {
    name: "tells sessions of an external id and does not revoke them",
    open: (now, disk) => new TellsOnly(now, disk),
  },
  { name: "does not tell what it revoked by external id", open: (now, disk) => new Silent(now, disk) },
  { name: "brings one back after revokeByExternalId", open: (now, disk) => new ReviveAfterRevoke(now, disk) },
  indexed("indexes external ids at create only", (index, change, after) => {
    if (change.kind === "create") put(index, after)
  }),
  indexed("indexes external ids at login only", (index, change, after) => {
    if (change.kind === "rotate" && change.privilege) put(index, after)
  }),
  indexed("keeps the external id after it has gone", (index, change, after) => {
    if (change.kind !== "revoke") put(index, after)
  }),
  indexed("keeps the first external id", (index, change, after) => {
    if (!after?.login) index.delete(idOf(change))
    else if (!index.has(after.id)) put(index, after)
  }),
  indexed("drops a session from the external index when it is used", (index, change, after) => {
    if (change.kind === "touch") index.delete(change.id)
    else put(index, after)
  }),
  indexed("drops a session from the external index when it is patched", (index, change, after) => {
    if (change.kind === "patch") index.delete(change.id)
    else put(index, after)
  }),
  mistaken("revokes the first session of an external id", own => own.slice(0, 1)),
  mistaken(
    "revokes expired sessions of an external id",
    like((a, b) => a === b),
  ),
  mistaken("revokes one user's sessions of an external id", own =>
    own.filter(({ login }) => login?.userId === own[0]?.login?.userId),
  ),
  mistaken("takes user ids for external ids", (own, all, externalId) => [
    ...own,
    ...all.filter(({ login }) => login?.externalId === undefined && login?.userId === externalId),
  ]),
  mistaken("takes no external id for an empty one", (own, all, externalId) => [
    ...own,
    ...(externalId === "" ? all.filter(({ login }) => login?.externalId === undefined) : []),
  ]),
  mistaken(
    "ignores the case of external ids",
    like((a, b) => a.toLowerCase() === b.toLowerCase()),
  ),
  mistaken(
    "trims external ids",
    like((a, b) => a.trim() === b.trim()),
  ),
  mistaken(
    "normalises external ids",
    like((a, b) => a.normalize() === b.normalize()),
  ),
  mistaken(
    "cuts external ids",
    like((a, b) => a.slice(0, 1023) === b.slice(0, 1023)),
  ),
  mistaken(
    "takes external ids for patterns",
    like((a, b) => a === b || (b.includes("%") && a.startsWith(b.slice(0, -1)))),
  ),
]
