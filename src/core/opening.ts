import type { SessionRecord } from "../contract/record.ts"
import { type ManagerContext, revokeRecord } from "./context.ts"
import { hashSecret, sameHash } from "./secret.ts"
import type { DueRotation } from "./state.ts"
import type { Token } from "./token.ts"

/** A token that was found good. */
export interface Opened {
  readonly record: SessionRecord
  /** The current secret was seen for the first time, so the previous one's grace begins. */
  readonly confirms: boolean
  readonly dueRotation: DueRotation | undefined
}

/**
 * Judges a token against its record, for the secret and for time (G11). A replaced secret is good until its successor has
 * been seen, and for the grace after that; later it is a replay, and the session is revoked.
 */
export function judge(
  context: ManagerContext,
  token: Token,
  record: SessionRecord | undefined,
  now: number,
): Opened | undefined {
  if (!record || now >= record.expiresAt) {
    context.events.emit("refused", { reason: "unknown", id: token.id })
    return undefined
  }
  const presented = hashSecret(token.secret)
  const { previous } = record
  if (sameHash(presented, record.secretHash)) return openedByCurrent(context, record, now)
  if (!previous || !sameHash(presented, previous.secretHash)) {
    context.events.emit("refused", { reason: "secret", id: token.id })
    return undefined
  }
  if (previous.confirmedAt !== undefined && now >= previous.confirmedAt + context.rotationGrace) {
    reportTheft(context, record)
    return undefined
  }
  return { record, confirms: false, dueRotation: reissueDue(context, record, presented, now) }
}

/**
 * Judges a token against a record that may be a little old, or may be all there is. It may only let in: who does not have the
 * current secret of a record out of memory is judged against the store's, which may know a newer one.
 */
export function judgeCurrent(
  context: ManagerContext,
  token: Token,
  record: SessionRecord,
  now: number,
): Opened | undefined {
  if (now >= record.expiresAt || !sameHash(hashSecret(token.secret), record.secretHash)) return undefined
  return openedByCurrent(context, record, now)
}

function openedByCurrent(context: ManagerContext, record: SessionRecord, now: number): Opened {
  const confirms = record.previous !== undefined && record.previous.confirmedAt === undefined
  return { record, confirms, dueRotation: rotationDue(context, record, now) }
}

function rotationDue(context: ManagerContext, record: SessionRecord, now: number): DueRotation | undefined {
  if (context.rotateEvery === undefined || now - record.rotatedAt < context.rotateEvery) return undefined
  return { previousSecretHash: record.secretHash }
}

/** The client still uses the old secret long after the new one was sent: the answer that carried it was lost. */
function reissueDue(
  context: ManagerContext,
  record: SessionRecord,
  presented: string,
  now: number,
): DueRotation | undefined {
  const lost = record.previous?.confirmedAt === undefined && now - record.rotatedAt >= context.rotationGrace
  return lost ? { previousSecretHash: presented } : undefined
}

function reportTheft(context: ManagerContext, record: SessionRecord): void {
  context.events.emit("theft", { id: record.id, userId: record.login?.userId })
  revokeRecord(context, record, "theft").catch(error => {
    context.events.emit("storeError", { operation: "revoke", error })
  })
}
