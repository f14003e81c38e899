import { SessionError } from "../contract/errors.ts"
import type { SessionRecord } from "../contract/record.ts"
import { isUserIndexed, type SessionStore, type UserIndexedStore } from "../contract/store.ts"
import { type ManagerContext, revokeRecord } from "./context.ts"
import { withDeadline } from "./deadline.ts"

/** How many sessions one user may have, and what happens at the next login (ASVS 7.1.2). */
export interface UserLimit {
  readonly max: number
  readonly onExceed: "evict-oldest" | "refuse"
}

/** Refuses a login that would exceed a refusing limit, before anything is changed. */
export async function admitUser(
  context: ManagerContext,
  userId: string,
  ownId: string | undefined,
): Promise<void> {
  const limit = context.userLimit
  if (limit?.onExceed !== "refuse") return
  const others = await sessionsOf(context, userId)
  if (others.filter(record => record.id !== ownId).length >= limit.max) throw refusal(limit.max)
}

/**
 * Brings the user back within the limit after a login. Every node sees the same order, so that of concurrent logins the
 * same sessions stay; the limit holds once the last of them has answered.
 */
export async function enforceUserLimit(
  context: ManagerContext,
  userId: string,
  ownId: string,
): Promise<void> {
  const limit = context.userLimit
  if (!limit) return
  const { max, onExceed } = limit
  const records = await sessionsOf(context, userId)
  const kept = onExceed === "refuse" ? records.slice(0, max) : records.slice(-max)
  for (const record of records) if (!kept.includes(record)) await evict(context, record, userId)
  // It may be missing from the records already: a concurrent login has evicted it.
  if (!kept.some(record => record.id === ownId)) throw refusal(max)
}

async function evict(context: ManagerContext, record: SessionRecord, userId: string): Promise<void> {
  if (await revokeRecord(context, record, "evicted"))
    context.events.emit("evicted", { id: record.id, userId })
}

async function sessionsOf(context: ManagerContext, userId: string): Promise<SessionRecord[]> {
  const index = userIndex(context.store)
  return await withDeadline("findByUser", context.storeTimeout, signal => index.findByUser(userId, signal))
}

/** The store with its user index, or `ERR_SESSION_UNSUPPORTED`. */
export function userIndex(store: SessionStore): UserIndexedStore {
  if (isUserIndexed(store)) return store
  throw new SessionError(
    "ERR_SESSION_UNSUPPORTED",
    "this store has no index by user, which listing, counting and limiting a user's sessions need: use one that has",
  )
}

const refusal = (max: number): SessionError =>
  new SessionError(
    "ERR_SESSION_USER_LIMIT",
    `this user has ${max} session${max === 1 ? "" : "s"} already (maxSessionsPerUser): end one of them first`,
  )
