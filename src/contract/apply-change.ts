import type { Change, DataChange, Outcome, Patch, Rotate, Seen, Touch } from "./change.ts"
import type { SessionData, SessionRecord, StoredValue } from "./record.ts"

/** What a change makes of a record. `record` is what the store holds afterwards; `undefined` when nothing. */
export interface Applied {
  readonly outcome: Outcome
  readonly record: SessionRecord | undefined
}

const GONE: Outcome = { kind: "gone" }
const CONFLICT: Outcome = { kind: "conflict" }
const EXISTS: Outcome = { kind: "exists" }

/**
 * The meaning of every change, as a pure function: what a store has to do, whatever it is made of. A store that
 * holds whole records calls it; one that speaks SQL or a script says the same in its own language, and the contract suite
 * compares the two.
 */
export function applyChange(stored: SessionRecord | undefined, change: Change, now: number): Applied {
  const live = stored !== undefined && now < stored.expiresAt ? stored : undefined
  if (change.kind === "create") {
    if (live) return { outcome: EXISTS, record: live }
    return { outcome: applied(change.record), record: change.record }
  }
  if (!live || change.kind === "revoke") {
    return { outcome: live ? applied(live) : GONE, record: undefined }
  }
  switch (change.kind) {
    case "patch":
      return isStale(live, change) ? { outcome: CONFLICT, record: live } : changed(patched(live, change, now))
    case "rotate":
      return isStale(live, change) ? { outcome: CONFLICT, record: live } : changed(rotated(live, change, now))
    case "touch":
      return changed(touched(live, change))
  }
}

/** A record's data without the keys that have ended. */
export function liveData(data: SessionData, now: number): SessionData {
  for (const value of data.values()) {
    if (hasEnded(value, now)) return new Map([...data].filter(([, each]) => !hasEnded(each, now)))
  }
  return data
}

const hasEnded = (value: StoredValue, now: number): boolean =>
  value.expiresAt !== undefined && value.expiresAt <= now

const applied = (record: SessionRecord): Outcome => ({ kind: "applied", version: record.version })
const changed = (record: SessionRecord): Applied => ({ outcome: applied(record), record })

function isStale(record: SessionRecord, change: Patch | Rotate): boolean {
  if (change.epoch !== record.epoch) return true
  if (change.kind === "rotate") return change.generation !== record.generation
  return change.ifVersion !== undefined && change.ifVersion !== record.version
}

function patched(record: SessionRecord, change: Patch, now: number): SessionRecord {
  return {
    ...used({ ...record, ...change.lifetime }, change.seen),
    version: record.version + 1,
    client: change.client ?? record.client,
    data: mergedData(record.data, change, now),
  }
}

function rotated(record: SessionRecord, change: Rotate, now: number): SessionRecord {
  const { previousSecretHash, privilege } = change
  return {
    ...used({ ...record, ...change.lifetime }, change.seen),
    version: record.version + 1,
    generation: record.generation + 1,
    epoch: privilege ? record.epoch + 1 : record.epoch,
    login: privilege ? privilege.login : record.login,
    secretHash: change.secretHash,
    previous:
      previousSecretHash === undefined
        ? undefined
        : { secretHash: previousSecretHash, confirmedAt: undefined },
    rotatedAt: change.at,
    client: change.client ?? record.client,
    data: mergedData(record.data, change, now),
  }
}

function touched(record: SessionRecord, change: Touch): SessionRecord {
  const seen = used(record, change.seen)
  const { previous } = record
  if (change.confirm !== record.generation || !previous || previous.confirmedAt !== undefined) return seen
  return { ...seen, previous: { ...previous, confirmedAt: change.seen.at } }
}

function used(record: SessionRecord, seen: Seen | undefined): SessionRecord {
  if (!seen) return record
  return {
    ...record,
    lastSeenAt: Math.max(record.lastSeenAt, seen.at),
    expiresAt: Math.min(record.absoluteExpiresAt, Math.max(record.expiresAt, seen.expiresAt)),
  }
}

function mergedData(data: SessionData, change: DataChange, now: number): SessionData {
  const merged = new Map(liveData(data, now))
  for (const key of change.unset) merged.delete(key)
  for (const [key, value] of change.set) merged.set(key, value)
  return merged
}
