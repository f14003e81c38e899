import type { Patch } from "../contract/change.ts"
import { SessionError } from "../contract/errors.ts"
import type { SessionRecord } from "../contract/record.ts"
import { sealedPatch } from "./at-rest/sealing.ts"
import { applyOne, type ManagerContext } from "./context.ts"
import { recordAfter, refused } from "./outcome.ts"
import type { SessionState } from "./state.ts"

const LONGEST_PAUSE = 50

/**
 * Compare-and-set on the version: read, change, write if nobody wrote meanwhile, else again after a pause with jitter.
 * A key's own expiry stays what it was. Nothing is written when there is nothing to remove. `alone`, without another update of
 * the session under way here, it first tries on what this request has read, which saves the read.
 */
export async function updateStored(
  context: ManagerContext,
  state: SessionState,
  id: string,
  key: string,
  change: (value: unknown) => unknown,
  alone: boolean,
): Promise<unknown> {
  const { maxRetries } = context.rules.limits
  for (let attempt = 0; attempt <= maxRetries; attempt++) {
    if (attempt > 1) await pause(context, attempt)
    const known = attempt === 0 && alone ? knownWith(state, key) : undefined
    const fresh = known ?? (await readFresh(context, state, id))
    let patch: Patch | undefined
    try {
      patch = patchFor(context, state, fresh, key, change)
    } catch (error) {
      // What this request has read settles nothing: the newest value may be another.
      if (known) continue
      throw error
    }
    if (!patch) return state.values.settle(key)
    const outcome = await applyOne(context, patch)
    if (outcome.kind === "gone") throw refused(outcome)
    if (outcome.kind === "applied") {
      adopt(state, recordAfter(fresh, patch, outcome.version, context.now()), key)
      return state.values.get(key)
    }
  }
  throw new SessionError(
    "ERR_SESSION_CONFLICT",
    `"${key}" could not be updated: other changes came first ${maxRetries + 1} times (limits.maxRetries); try again later`,
  )
}

/** What this request knows, if that is one version as it was, and has the key: that it has none may be out of date. */
const knownWith = (state: SessionState, key: string): SessionRecord | undefined =>
  !state.behind && state.record?.data.has(key) ? state.record : undefined

/** The record as the store has it now; what the session has gathered stays on top. */
export async function readFresh(
  context: ManagerContext,
  state: SessionState,
  id: string,
): Promise<SessionRecord> {
  const fresh = await context.batcher.find(id)
  if (!fresh) throw refused({ kind: "gone" })
  if (state.record && fresh.epoch !== state.record.epoch) throw refused({ kind: "conflict" })
  state.adopt(fresh)
  state.recalled = false
  state.behind = false
  return fresh
}

/** `undefined` when there is nothing to remove. Throws what `change` throws. */
function patchFor(
  context: ManagerContext,
  state: SessionState,
  fresh: SessionRecord,
  key: string,
  change: (value: unknown) => unknown,
): Patch | undefined {
  const value = change(state.values.get(key))
  if (value === undefined && !fresh.data.has(key)) return undefined
  const expiresAt = fresh.data.get(key)?.expiresAt
  const now = context.now()
  const keep = expiresAt !== undefined && expiresAt > now ? expiresAt : undefined
  const seen = state.touches ? context.toucher.carriedBy(fresh, now) : undefined
  const data =
    value === undefined
      ? { set: new Map(), unset: [key] }
      : { set: new Map([[key, state.values.encode(key, value, keep)]]), unset: [] }
  return {
    kind: "patch",
    id: fresh.id,
    epoch: fresh.epoch,
    ifVersion: fresh.version,
    ...sealedPatch(state.vault, data, fresh, now - context.rotationGrace),
    ...(seen && { seen }),
  }
}

function adopt(state: SessionState, record: SessionRecord, key: string): void {
  state.values.settle(key)
  state.adopt(record)
}

const pause = (context: ManagerContext, attempt: number): Promise<void> =>
  new Promise(resolve => setTimeout(resolve, Math.min(2 ** attempt, LONGEST_PAUSE) * context.random()))
