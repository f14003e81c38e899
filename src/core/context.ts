import type { Change, Outcome, Touch } from "../contract/change.ts"
import type { SessionRecord } from "../contract/record.ts"
import type { SessionStore } from "../contract/store.ts"
import type { Batcher } from "./batcher.ts"
import type { HijackOptions } from "./client-signals.ts"
import type { EventHub, RevokeReason } from "./events.ts"
import type { Lifetimes } from "./lifetimes.ts"
import type { Meters } from "./meter.ts"
import type { SecretSource } from "./secret.ts"
import type { Toucher } from "./toucher.ts"
import type { UserLimit } from "./user-limit.ts"
import type { ValueRules } from "./values.ts"

/** What the parts of one manager share. */
export interface ManagerContext {
  readonly store: SessionStore
  readonly batcher: Pick<Batcher, "find" | "apply" | "drained">
  readonly toucher: Toucher
  readonly meters: Meters
  readonly events: EventHub
  readonly secrets: SecretSource
  readonly rules: ValueRules
  /** Whether data is stored under keys that only the client's secret unwraps. */
  readonly encryptsAtRest: boolean
  readonly lifetimes: Lifetimes
  readonly userLimit: UserLimit | undefined
  /** Milliseconds after which a secret is replaced; `undefined`: never by time alone. */
  readonly rotateEvery: number | undefined
  /** How long a replaced secret stays good after the new one was seen, in milliseconds. */
  readonly rotationGrace: number
  /** Which changes of a client are signs of theft; `undefined` when none is watched. */
  readonly hijack: HijackOptions | undefined
  readonly storeTimeout: number
  readonly onStoreFailure: "fail" | "anonymous"
  /** What the client carries after a change; `undefined` when that is what it carries already. */
  readonly writeToken: (record: SessionRecord, secret: string | undefined) => string | undefined
  /** Where sessions are not in the store: what ends one, so that no copy of it opens any more. */
  readonly endRecord?: (record: SessionRecord) => Promise<Outcome>
  readonly now: () => number
  /** 0 up to 1, for jitter only. */
  readonly random: () => number
}

/** The change's outcome, after which the session's gathered last-seen time may be out of date. */
export async function applyOne(context: ManagerContext, change: Exclude<Change, Touch>): Promise<Outcome> {
  const outcome = await context.batcher.apply(change)
  if (change.kind !== "create") context.toucher.settle(change, outcome)
  return outcome
}

/** Ends a session in the store; tells whether it was live. */
export async function revokeRecord(
  context: ManagerContext,
  record: SessionRecord,
  reason: RevokeReason,
): Promise<boolean> {
  const outcome = await (context.endRecord?.(record) ?? applyOne(context, { kind: "revoke", id: record.id }))
  if (outcome.kind !== "applied") return false
  context.events.emit("revoked", { id: record.id, userId: record.login?.userId, reason })
  return true
}
