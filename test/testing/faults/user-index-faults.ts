import type { Change, Outcome, SessionRecord } from "../../../src/contract/index.ts"
import { ReferenceStore } from "../reference-store.ts"
import type { Fault } from "./fault.ts"

/** A store with an index of its own, kept up by `upkeep` after each change that was applied. */
function indexed(
  name: string,
  upkeep: (index: Map<string, string>, change: Change, after: SessionRecord | undefined) => void,
): Fault {
  class Indexed extends ReferenceStore {
    readonly #index = new Map<string, string>()

    protected override change(change: Change): Outcome {
      const outcome = super.change(change)
      const id = change.kind === "create" ? change.record.id : change.id
      if (outcome.kind === "applied") upkeep(this.#index, change, this.records.get(id))
      return outcome
    }

    protected override ofUser(userId: string): SessionRecord[] {
      const own = this.live().filter(record => this.#index.get(record.id) === userId)
      return own.sort((a, b) => since(a) - since(b) || (a.id < b.id ? -1 : 1))
    }
  }
  return { name, open: now => new Indexed(now) }
}

/** A store that takes the user's list for another one. */
function mislisted(
  name: string,
  list: (own: SessionRecord[], all: SessionRecord[], userId: string) => SessionRecord[],
): Fault {
  class Mislisting extends ReferenceStore {
    protected override ofUser(userId: string): SessionRecord[] {
      return list(super.ofUser(userId), [...this.records.values()], userId)
    }
  }
  return { name, open: (now, disk) => new Mislisting(now, disk) }
}

const usersLike =
  (same: (a: string, b: string) => boolean) =>
  (own: SessionRecord[], all: SessionRecord[], userId: string) => [
    ...own,
    ...all.filter(({ login }) => login && login.userId !== userId && same(login.userId, userId)),
  ]

const put = (index: Map<string, string>, record: SessionRecord | undefined): void => {
  if (record?.login) index.set(record.id, record.login.userId)
}

const since = (record: SessionRecord): number => record.login?.authenticatedAt ?? 0

class Uncounted extends ReferenceStore {
  override async countByUser(userId: string): Promise<number> {
    await super.countByUser(userId)
    return [...this.records.values()].filter(record => record.login?.userId === userId).length
  }
}

class Exceptionless extends ReferenceStore {
  override revokeByUser(userId: string): Promise<readonly string[]> {
    return super.revokeByUser(userId)
  }
}

class ExceptByAll extends ReferenceStore {
  override async revokeByUser(userId: string, except?: string): Promise<readonly string[]> {
    const own = this.ofUser(userId)
    if (except !== undefined && !own.some(record => record.id === except)) return []
    return super.revokeByUser(userId, except)
  }
}

class ForgettingOnly extends ReferenceStore {
  readonly #forgotten = new Set<string>()
  protected override ofUser(userId: string): SessionRecord[] {
    return super.ofUser(userId).filter(record => !this.#forgotten.has(record.id))
  }
  override async revokeByUser(userId: string, except?: string): Promise<readonly string[]> {
    const own = (await this.findByUser(userId)).map(record => record.id).filter(id => id !== except)
    for (const id of own) this.#forgotten.add(id)
    return own
  }
}

class TellingExpired extends ReferenceStore {
  override async revokeByUser(userId: string, except?: string): Promise<readonly string[]> {
    const own = [...this.records.values()].filter(
      record => record.login?.userId === userId && record.id !== except,
    )
    await super.revokeByUser(userId, except)
    return own.map(record => this.remove(record.id))
  }
}

/** Writes back, a moment later, what it had read before it revoked. */
class ReviveAfterRevoke extends ReferenceStore {
  override async revokeByUser(userId: string, except?: string): Promise<readonly string[]> {
    const before = new Map(this.records)
    const ended = await super.revokeByUser(userId, except)
    queueMicrotask(() => {
      for (const [id, record] of before) if (ended[0] === id) this.records.set(id, record)
    })
    return ended
  }
}

export const userIndexFaults: readonly Fault[] = [
  indexed("forgets the user index at a rotation", (index, change, after) => {
    if (change.kind === "create") put(index, after)
    if (change.kind === "rotate" && change.privilege) index.delete(change.id)
  }),
  indexed("indexes users at create only", (index, change, after) => {
    if (change.kind === "create") put(index, after)
  }),
  indexed("keeps the user in its index after a logout", (index, change, after) => {
    if (change.kind !== "revoke") put(index, after)
  }),
  indexed("drops a session from the index when it is patched", (index, change, after) => {
    if (change.kind === "patch") index.delete(change.id)
    else put(index, after)
  }),
  mislisted("lists the newest authentication first", own => own.reverse()),
  mislisted("lists in the order of the ids", own => own.sort((a, b) => (a.id < b.id ? -1 : 1))),
  mislisted("lists ids in the order of a language", own =>
    own.sort((a, b) => since(a) - since(b) || a.id.localeCompare(b.id)),
  ),
  mislisted("lists expired sessions", (_, all, userId) =>
    all.filter(record => record.login?.userId === userId),
  ),
  mislisted("lists anonymous sessions", (own, all) => [...own, ...all.filter(record => !record.login)]),
  mislisted("lists sessions without their data", own => own.map(record => ({ ...record, data: new Map() }))),
  mislisted(
    "ignores the case of user ids",
    usersLike((a, b) => a.toLowerCase() === b.toLowerCase()),
  ),
  mislisted(
    "trims user ids",
    usersLike((a, b) => a.trim() === b.trim()),
  ),
  mislisted(
    "normalises user ids",
    usersLike((a, b) => a.normalize() === b.normalize()),
  ),
  mislisted(
    "cuts user ids",
    usersLike((a, b) => a.slice(0, 1023) === b.slice(0, 1023)),
  ),
  mislisted(
    "takes user ids for patterns",
    usersLike((a, b) => b.includes("%") && a.startsWith(b.slice(0, -1))),
  ),
  { name: "counts expired sessions of a user", open: (now, disk) => new Uncounted(now, disk) },
  { name: "revokes the excepted session too", open: (now, disk) => new Exceptionless(now, disk) },
  {
    name: "revokes nothing when the exception is not the user's",
    open: (now, disk) => new ExceptByAll(now, disk),
  },
  {
    name: "takes sessions off the user's list instead of revoking them",
    open: (now, disk) => new ForgettingOnly(now, disk),
  },
  { name: "tells expired sessions as revoked", open: (now, disk) => new TellingExpired(now, disk) },
  { name: "brings one back after revokeByUser", open: (now, disk) => new ReviveAfterRevoke(now, disk) },
]
