import type { Outcome } from "../contract/change.ts"
import { SessionError } from "../contract/errors.ts"

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
