import { applyChange } from "../contract/apply-change.ts"
import type { Outcome, Patch, Rotate } from "../contract/change.ts"
import { SessionError } from "../contract/errors.ts"
import type { SessionRecord } from "../contract/record.ts"

/**
 * The record after a change that the store has applied. It was live there, so it is here: another request may have used
 * the session since this record was read, and moved its idle end.
 */
export function recordAfter(
  before: SessionRecord,
  change: Patch | Rotate,
  version: number,
  now: number,
): SessionRecord {
  const live = { ...before, expiresAt: Math.max(before.expiresAt, now + 1) }
  const after = applyChange(live, change, now).record ?? live
  return after.version >= version ? after : { ...after, version }
}

/** What the application is told when the store did not apply its change. */
export function refused(outcome: Outcome): SessionError {
  return outcome.kind === "gone"
    ? new SessionError(
        "ERR_SESSION_GONE",
        "the session ended before this change (logged out, revoked or expired): nothing was changed; begin anew",
      )
    : new SessionError(
        "ERR_SESSION_CONFLICT",
        "the session's privileges changed before this change (somebody logged in): nothing was changed; try again",
      )
}
