import { type Change, idOf } from "../contract/change.ts"
import type { SessionRecord } from "../contract/record.ts"

/** More than this under way at a time means a store that never answers; who is forgotten is read once more. */
const MAX_UNDER_WAY = 10_000

/** A change of this node whose answer has not come. */
interface UnderWay {
  /** What memory held when it was sent; `undefined` for a creation, and where memory held nothing. */
  readonly before: SessionRecord | undefined
  /** The newest version that has been told of since. */
  newest: number
}

/**
 * This node's changes under way. The feed may overtake their answers: it may tell of the change itself, of a newer one, or of
 * the session's end, and what was told decides whether memory may follow the change.
 */
export class OwnChanges {
  readonly #underWay = new Map<string, UnderWay>()

  begin(changes: readonly Change[], held: (id: string) => SessionRecord | undefined): void {
    if (this.#underWay.size >= MAX_UNDER_WAY) this.#underWay.clear()
    for (const change of changes) {
      if (change.kind === "revoke") continue
      const id = idOf(change)
      this.#underWay.set(id, { before: held(id), newest: 0 })
    }
  }

  changed(id: string, version: number): void {
    const change = this.#underWay.get(id)
    if (change) change.newest = Math.max(change.newest, version)
  }

  /** The session is over, or nobody knows what became of it: memory follows no change of it. */
  forget(id: string): void {
    this.#underWay.delete(id)
  }

  clear(): void {
    this.#underWay.clear()
  }

  /** The change that led to this version, if nothing newer has been told of; it is no longer under way. */
  take(id: string, version: number): UnderWay | undefined {
    const change = this.#underWay.get(id)
    this.#underWay.delete(id)
    return change && change.newest <= version ? change : undefined
  }
}
