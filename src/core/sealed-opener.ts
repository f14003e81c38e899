import { applyChange } from "../contract/apply-change.ts"
import type { SessionRecord } from "../contract/record.ts"
import type { ManagerContext } from "./context.ts"
import { seenNow } from "./lifetimes.ts"
import type { SessionState } from "./state.ts"

/** Writes a whole session as a text that only the server can read and make. */
export interface RecordSeal {
  /** How long a session's data may be by default, so that all of it fits. */
  readonly maxSessionLength: number
  /** Whether the client keeps it in parts, so that one that does not open may be whole again a moment later. */
  readonly mayBeTorn: boolean
  seal(record: SessionRecord): string
  /** `undefined` for anything that was not sealed with one of the keys; `stale` when it was not with the newest. */
  open(text: string): Unsealed | undefined
}

export interface Unsealed {
  readonly record: SessionRecord
  readonly stale: boolean
}

/** Makes a session's state of the text that holds the whole session. */
export class SealedOpener {
  readonly #context: ManagerContext
  readonly #seal: RecordSeal
  readonly #touchInterval: number

  constructor(context: ManagerContext, seal: RecordSeal, touchInterval: number) {
    this.#context = context
    this.#seal = seal
    this.#touchInterval = touchInterval
  }

  /** What the text holds. Anything forged, expired or damaged is as good as nothing. */
  unseal(state: SessionState, text: string): Unsealed | undefined {
    const unsealed = this.#seal.open(text)
    if (unsealed && this.#context.now() < unsealed.record.expiresAt) return unsealed
    this.refuse(unsealed?.record.id)
    // Answers overtake each other: what is dead but well-formed, or torn, may be replaced by now, and is left alone.
    if (unsealed || this.#seal.mayBeTorn || !state.canIssue) return undefined
    state.delivery = { kind: "clear" }
    state.exchange?.changed()
    return undefined
  }

  /** Tells of a session that was not opened. */
  refuse(id: string | undefined): void {
    this.#context.events.emit("refused", { reason: id === undefined ? "malformed" : "unknown", id })
  }

  enter(state: SessionState, { record, stale }: Unsealed): void {
    const now = this.#context.now()
    state.adopt(record)
    const seen = state.touches && now - record.lastSeenAt >= this.#touchInterval
    if ((stale || seen) && state.canIssue) this.#sealAgain(state, seen ? touched(record, now) : record)
  }

  /** With the newest key, or with a later idle end. */
  #sealAgain(state: SessionState, record: SessionRecord): void {
    state.adopt(record)
    const { persistent, absoluteExpiresAt } = record
    state.delivery = {
      kind: "issue",
      token: this.#seal.seal(record),
      persistent,
      expiresAt: absoluteExpiresAt,
    }
    state.exchange?.changed()
  }
}

function touched(record: SessionRecord, now: number): SessionRecord {
  const { record: after = record } = applyChange(
    record,
    { kind: "touch", id: record.id, seen: seenNow(record, now) },
    now,
  )
  return after
}
