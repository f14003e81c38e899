import { applyChange, type Patch, type Rotate, type SessionRecord } from "../../../src/contract/index.ts"
import { type Fault, misapplied, misread, mistold, spoilt } from "./fault.ts"

const isGuarded = (change: { kind: string }): change is Patch | Rotate =>
  change.kind === "patch" || change.kind === "rotate"

/** Whether, when and on what a change applies. */
export const refusalFaults: readonly Fault[] = [
  misread("ignores the epoch", (change, record) =>
    isGuarded(change) ? { ...change, epoch: record.epoch } : change,
  ),
  misread("ignores the epoch of a patch", (change, record) =>
    change.kind === "patch" ? { ...change, epoch: record.epoch } : change,
  ),
  misread("takes an older or newer epoch of a rotation", (change, record) =>
    change.kind === "rotate" ? { ...change, epoch: record.epoch } : change,
  ),
  misread("ignores the generation", (change, record) =>
    change.kind === "rotate" ? { ...change, generation: record.generation } : change,
  ),
  misread("ignores ifVersion", change => {
    if (change.kind !== "patch") return change
    const { ifVersion: _, ...rest } = change
    return rest
  }),
  misapplied("refuses a touch of another generation", (record, change, now) => {
    const other =
      change.kind === "touch" && change.confirm !== undefined && change.confirm !== record?.generation
    return other && record ? { outcome: { kind: "conflict" }, record } : applyChange(record, change, now)
  }),
  misapplied("notes the use although the change is refused", (record, change, now) => {
    const { outcome, record: after } = applyChange(record, change, now)
    if (outcome.kind !== "conflict" || !after || change.kind !== "patch") return { outcome, record: after }
    return { outcome, record: { ...after, lastSeenAt: change.seen?.at ?? after.lastSeenAt } }
  }),
  misapplied("overwrites a live record on create", (record, change, now) =>
    applyChange(change.kind === "create" ? undefined : record, change, now),
  ),
  misapplied("answers exists but overwrites", (record, change, now) => {
    const { outcome, record: after } = applyChange(record, change, now)
    return { outcome, record: change.kind === "create" ? change.record : after }
  }),
  misapplied("refuses to create over an expired record", (record, change) => applyChange(record, change, 0)),
  misapplied("applies changes to expired records", (record, change, now) =>
    applyChange(record, change, change.kind === "create" ? now : 0),
  ),
  misapplied("touches expired records", (record, change, now) =>
    applyChange(record, change, change.kind === "touch" ? 0 : now),
  ),
  misapplied("rotates expired records", (record, change, now) =>
    applyChange(record, change, change.kind === "rotate" ? 0 : now),
  ),
  misapplied("lets a record live one millisecond more for changes", (record, change, now) =>
    applyChange(record, change, now - 1),
  ),
  misapplied("revokes expired records as if they lived", (record, change, now) =>
    applyChange(record, change, change.kind === "revoke" ? 0 : now),
  ),
  misapplied("keeps the old data when an expired record is replaced", (before, change, now) => {
    const { outcome, record } = applyChange(before, change, now)
    if (change.kind !== "create" || !record || outcome.kind !== "applied") return { outcome, record }
    return { outcome, record: { ...record, data: new Map([...(before?.data ?? []), ...record.data]) } }
  }),
  misapplied("inserts what a patch does not find", (record, change, now) =>
    applyChange(change.kind === "patch" ? (record ?? newRecord(change, now)) : record, change, now),
  ),
  mistold("does not tell a revocation that found nothing", (outcome, change) =>
    change.kind === "revoke" ? { kind: "applied", version: 1 } : outcome,
  ),
  mistold("answers version 1 to every create", (outcome, change) =>
    change.kind === "create" && outcome.kind === "applied" ? { kind: "applied", version: 1 } : outcome,
  ),
  mistold("tells a conflict as gone", outcome => (outcome.kind === "conflict" ? { kind: "gone" } : outcome)),
]

/** What a change that applies makes of the record. */
export const effectFaults: readonly Fault[] = [
  spoilt("replaces the data by what a patch sets", (record, change) =>
    change.kind === "patch" ? { data: change.set } : { data: record.data },
  ),
  spoilt("does not unset", (record, change, before) => {
    if (change.kind !== "patch") return {}
    const kept = [...(before?.data ?? [])].filter(([key]) => change.unset.includes(key))
    return { data: new Map([...kept, ...record.data]) }
  }),
  spoilt("unsets after setting", (record, change) => {
    if (change.kind !== "patch") return {}
    return { data: new Map([...record.data].filter(([key]) => !change.unset.includes(key))) }
  }),
  spoilt("counts no version for a patch without data", (record, change, before) =>
    change.kind === "patch" && change.set.size + change.unset.length === 0 && before
      ? { version: before.version }
      : { version: record.version },
  ),
  spoilt("counts a touch as a version", (record, { kind }) =>
    kind === "touch" ? { version: record.version + 1 } : {},
  ),
  spoilt("keeps keys that have ended", (record, change, before) => {
    if (change.kind !== "patch") return {}
    const kept = [...(before?.data ?? [])].filter(([key]) => !change.unset.includes(key))
    return { data: new Map([...kept, ...record.data]) }
  }),
  spoilt("keeps a key's first end when its value is replaced", (record, change, before) => {
    if (change.kind !== "patch") return {}
    const entries = [...record.data].map(([key, value]) => {
      const end = before?.data.get(key)?.expiresAt
      return [key, end === undefined ? value : { ...value, expiresAt: end }] as const
    })
    return { data: new Map(entries) }
  }),
  spoilt("ignores a lifetime", (record, change, before) =>
    before && "lifetime" in change ? lifetimeOf(before) : record,
  ),
  spoilt("merges client facts", (record, change, before) => ({
    client: change.kind === "patch" ? { ...before?.client, ...record.client } : record.client,
  })),
  spoilt("forgets client facts that a patch does not give", (_, change) =>
    change.kind === "patch" ? { client: change.client ?? {} } : {},
  ),
  spoilt("moves the use back", (_, change) => {
    if (change.kind === "create" || change.kind === "revoke" || !change.seen) return {}
    return { lastSeenAt: change.seen.at, expiresAt: change.seen.expiresAt }
  }),
  spoilt("moves the use back by a touch", (_, change) =>
    change.kind === "touch" ? { lastSeenAt: change.seen.at, expiresAt: change.seen.expiresAt } : {},
  ),
  spoilt("extends past the absolute end", (record, change) => {
    if (change.kind === "create" || change.kind === "revoke" || !change.seen) return {}
    return { expiresAt: Math.max(record.expiresAt, change.seen.expiresAt) }
  }),
  spoilt("does not extend a life by a touch", (_, change, before) =>
    change.kind === "touch" && before ? { expiresAt: before.expiresAt } : {},
  ),
  spoilt("ties lastSeenAt to expiresAt", (record, change, before) =>
    change.kind === "touch" && before?.expiresAt === record.expiresAt
      ? { lastSeenAt: before.lastSeenAt }
      : {},
  ),
  spoilt("confirms an old generation", (record, change) =>
    confirmed(record, change.kind === "touch" ? change.seen.at : undefined),
  ),
  spoilt("confirms again and again", (record, change) => {
    const confirms = change.kind === "touch" && change.confirm === record.generation
    if (!confirms || !record.previous) return {}
    return { previous: { ...record.previous, confirmedAt: change.seen.at } }
  }),
  spoilt("confirms a previous secret that is not there", (record, change) =>
    change.kind === "touch" && change.confirm === record.generation && !record.previous
      ? { previous: { secretHash: record.secretHash, confirmedAt: change.seen.at } }
      : {},
  ),
  spoilt("does not confirm", (record, change, before) =>
    change.kind === "touch" ? { previous: before?.previous } : { previous: record.previous },
  ),
]

/** What a rotation makes of the record. */
export const rotationFaults: readonly Fault[] = [
  spoilt("forgets the previous secret", (_, change) =>
    change.kind === "rotate" ? { previous: undefined } : {},
  ),
  spoilt("keeps the confirmation of the previous but one secret", (record, change, before) =>
    change.kind === "rotate" && record.previous
      ? { previous: { ...record.previous, confirmedAt: before?.previous?.confirmedAt } }
      : {},
  ),
  spoilt("keeps the previous secret at a change of privilege", (record, change, before) =>
    change.kind === "rotate" && change.privilege
      ? { previous: before?.previous }
      : { previous: record.previous },
  ),
  spoilt("does not raise the epoch", (_, change, before) =>
    change.kind === "rotate" && before ? { epoch: before.epoch } : {},
  ),
  spoilt("raises the epoch at every rotation", (_, change, before) =>
    change.kind === "rotate" && before ? { epoch: before.epoch + 1 } : {},
  ),
  spoilt("keeps the login at a logout", (record, change, before) =>
    change.kind === "rotate" ? { login: record.login ?? before?.login } : {},
  ),
  spoilt("logs out at every rotation", (record, change) =>
    change.kind === "rotate" ? { login: change.privilege?.login } : { login: record.login },
  ),
  spoilt("forgets what a rotation sets", (_, change, before) =>
    change.kind === "rotate" && before ? { data: before.data } : {},
  ),
  spoilt("forgets when the secret was issued", (_, change, before) =>
    change.kind === "rotate" && before ? { rotatedAt: before.rotatedAt } : {},
  ),
  spoilt("does not move the use at a rotation", (_, change, before) =>
    change.kind === "rotate" && before ? { lastSeenAt: before.lastSeenAt } : {},
  ),
  spoilt("does not count generations", (_, change, before) =>
    change.kind === "rotate" && before ? { generation: before.generation } : {},
  ),
]

function confirmed(record: SessionRecord, at: number | undefined): Partial<SessionRecord> {
  if (at === undefined || !record.previous) return {}
  return { previous: { ...record.previous, confirmedAt: record.previous.confirmedAt ?? at } }
}

function lifetimeOf({
  idleTimeout,
  absoluteExpiresAt,
  expiresAt,
  persistent,
}: SessionRecord): Partial<SessionRecord> {
  return { idleTimeout, absoluteExpiresAt, expiresAt, persistent }
}

function newRecord({ id, epoch }: Patch, now: number): SessionRecord {
  return {
    ...{ id, epoch, secretHash: "", previous: undefined, version: 0, generation: 0, persistent: false },
    ...{ createdAt: now, rotatedAt: now, lastSeenAt: now, idleTimeout: 1000, absoluteExpiresAt: now + 9000 },
    ...{ expiresAt: now + 1000, login: undefined, client: {}, data: new Map() },
  }
}
