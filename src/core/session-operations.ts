import type { LoginOptions, StepUpOptions } from "./authentication.ts"
import type { LifetimeOptions } from "./lifetimes.ts"
import type { SessionState } from "./state.ts"

/** What a session asks of the manager. Each call is acknowledged by the store once it resolves. */
export interface SessionOperations {
  readonly now: () => number
  load(state: SessionState): Promise<void>
  reload(state: SessionState): Promise<void>
  commit(state: SessionState): Promise<void>
  update(state: SessionState, key: string, change: (value: unknown) => unknown): Promise<unknown>
  login(state: SessionState, userId: string, options: LoginOptions): Promise<void>
  stepUp(state: SessionState, options: StepUpOptions): Promise<void>
  renew(state: SessionState): Promise<void>
  revoke(state: SessionState, reason: "logout" | "revoked"): Promise<void>
  revokeOthers(state: SessionState): Promise<number>
  verifyStamp(state: SessionState, stamp: string | undefined): Promise<boolean>
  setLifetime(state: SessionState, options: LifetimeOptions): void
}
