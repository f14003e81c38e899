import { type Change, idOf, type Outcome } from "../contract/change.ts"
import type { SessionRecord } from "../contract/record.ts"
import { isParallel, type SessionStore } from "../contract/store.ts"
import type { Deadline } from "./deadline.ts"
import { Lane } from "./lane.ts"
import type { Meters } from "./meter.ts"

/** One store's two lanes. */
export class Batcher {
  readonly #finds: Lane<string, SessionRecord | undefined>
  readonly #changes: Lane<Change, Outcome>

  constructor(store: SessionStore, deadline: Deadline, maxQueued: number, meters: Meters) {
    const common = { deadline, maxQueued, meters, maxCalls: isParallel(store) ? store.parallelCalls : 1 }
    const find = (ids: string[], signal: AbortSignal) => store.find(ids, signal)
    const apply = (changes: Change[], signal: AbortSignal) => store.apply(changes, signal)
    this.#finds = new Lane({ ...common, operation: "find", send: find })
    this.#changes = new Lane({ ...common, operation: "apply", send: apply, subject: idOf })
  }

  find(id: string): Promise<SessionRecord | undefined> {
    return this.#finds.add(id)
  }

  apply(change: Change): Promise<Outcome> {
    return this.#changes.add(change)
  }

  async drained(): Promise<void> {
    await Promise.all([this.#finds.drained(), this.#changes.drained()])
  }
}
