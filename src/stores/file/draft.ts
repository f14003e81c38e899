import { type Applied, applyChange } from "../../contract/apply-change.ts"
import { idOf, type Outcome } from "../../contract/change.ts"
import { SessionError } from "../../contract/errors.ts"
import type { SessionRecord } from "../../contract/record.ts"
import type { Recordable } from "./call.ts"
import { freezeParts } from "./guarded-record.ts"
import type { WrittenEntry } from "./journal-entry.ts"
import type { Effect, Records } from "./records.ts"

/** Several changes worked out against the latest records, which stay as they are until the draft is committed. */
export class Draft {
  readonly entries: WrittenEntry[] = []
  readonly effects: Effect[] = []
  readonly #records: Records
  readonly #drafted = new Map<string, SessionRecord | undefined>()
  readonly #maxSessions: number
  #count: number

  constructor(records: Records, maxSessions: number) {
    this.#records = records
    this.#maxSessions = maxSessions
    this.#count = records.latestCount
  }

  /** @throws SessionError `ERR_SESSION_STORE_FULL` */
  apply(given: Recordable, now: number): Outcome {
    const { change } = given
    const id = idOf(change)
    const before = this.#latest(id)
    const { outcome, record } = applyChange(before, change, now)
    // An expired record that is no more than "gone" stays for the sweep, so that memory is what the journal says.
    if (outcome.kind === "applied") {
      this.#note(given, { id, record: record && freezeParts(record) }, before)
    }
    return outcome
  }

  #latest(id: string): SessionRecord | undefined {
    return this.#drafted.has(id) ? this.#drafted.get(id) : this.#records.latest(id)
  }

  #note(entry: WrittenEntry, effect: Effect, before: Applied["record"]): void {
    const growth = Number(effect.record !== undefined) - Number(before !== undefined)
    if (growth > 0 && this.#count >= this.#maxSessions) throw full(this.#maxSessions)
    this.#count += growth
    this.#drafted.set(effect.id, effect.record)
    this.entries.push(entry)
    this.effects.push(effect)
  }
}

const full = (maxSessions: number): SessionError =>
  new SessionError(
    "ERR_SESSION_STORE_FULL",
    `The file store holds ${maxSessions} sessions, its limit, and none of them has expired: nothing was changed. ` +
      "Raise maxSessions, or shorten the idle timeout.",
  )
