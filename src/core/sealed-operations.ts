import { SessionError } from "../contract/errors.ts"
import { Operations, updateHere } from "./operations.ts"
import type { SessionState } from "./state.ts"

/** The operations of a session that is nowhere but with its client. */
export class CarriedOperations extends Operations {
  /** Nobody else can change what this client carries, but its own other requests: the last answer wins. */
  override async update(
    state: SessionState,
    key: string,
    change: (value: unknown) => unknown,
  ): Promise<unknown> {
    state.assertChangeable()
    return updateHere(state, key, change)
  }
}

/** The operations of sessions that nobody else knows of, not even when they have ended. */
export class SealedOperations extends CarriedOperations {
  /** There is nothing newer than what the client has sent. */
  override async reload(state: SessionState): Promise<void> {
    state.assertStorable()
  }

  override async revoke(state: SessionState, reason: "logout" | "revoked"): Promise<void> {
    if (reason !== "logout") throw needsList("revoke")
    await super.revoke(state, reason)
  }

  override async revokeOthers(): Promise<number> {
    throw needsList("revokeOthers")
  }
}

const needsList = (call: string): SessionError =>
  new SessionError(
    "ERR_SESSION_UNSUPPORTED",
    `${call}: a sealed session is nowhere but with its client, and cannot be ended from here: use a store, or ` +
      "RevocableSealedSessions",
  )
