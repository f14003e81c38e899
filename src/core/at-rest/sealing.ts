import type { SessionData, SessionRecord, StoredValue } from "../../contract/record.ts"
import type { ManagerContext } from "../context.ts"
import { hashSecret } from "../secret.ts"
import type { SessionState } from "../state.ts"
import type { Token } from "../token.ts"
import type { PendingData } from "../values.ts"
import { isWrap, Vault, wrapName } from "./vault.ts"

/** Whether the token's secret opens the record's data. What was stored in clear is not let in, and told as refused. */
export function unlocks(
  context: ManagerContext,
  state: SessionState,
  token: Token,
  record: SessionRecord,
): boolean {
  if (!context.encryptsAtRest) return true
  state.vault = Vault.of(token, record, context.secrets.bytes)
  if (state.vault) return true
  context.events.emit("refused", { reason: "unencrypted", id: token.id })
  return false
}

/** The data of a new session as it may be stored. Like the others here it leaves the data as it is without a vault. */
export const sealedCreation = (vault: Vault | undefined, set: SessionData, secret: string): SessionData =>
  vault ? new Map([...vault.seal(set), [wrapName(hashSecret(secret)), vault.wrap(secret)]]) : set

/** The data of a patch as it may be stored. It removes the keys of a secret that was confirmed as replaced by `graceOver`. */
export function sealedPatch(
  vault: Vault | undefined,
  pending: PendingData,
  { data, previous }: SessionRecord,
  graceOver: number,
): PendingData {
  if (!vault) return pending
  const ended = previous?.confirmedAt !== undefined && previous.confirmedAt <= graceOver
  const stale = ended ? [wrapName(previous.secretHash)].filter(name => data.has(name)) : []
  return { set: vault.seal(pending.set), unset: [...pending.unset, ...stale] }
}

/** The data of a rotation as it may be stored: the keys for the new secret, and for the old one only while it stays good. */
export function sealedRotation(
  vault: Vault | undefined,
  pending: PendingData,
  { data }: SessionRecord,
  secret: string,
  previousSecretHash: string | undefined,
): PendingData {
  if (!vault) return pending
  const wraps = new Map<string, StoredValue>([[wrapName(hashSecret(secret)), vault.wrap(secret)]])
  const kept = previousSecretHash === undefined ? undefined : wrapName(previousSecretHash)
  const previous = kept === undefined ? undefined : data.get(kept)
  // Written again, as a patch under way may be removing it.
  if (kept !== undefined && previous) wraps.set(kept, previous)
  const stale = [...data.keys()].filter(name => isWrap(name) && !wraps.has(name))
  return { set: new Map([...vault.seal(pending.set), ...wraps]), unset: [...pending.unset, ...stale] }
}
