import type { Change, Outcome } from "../../contract/change.ts"
import type { Call } from "./call.ts"
import { changeArguments, idOf, newIndexes } from "./change-arguments.ts"
import type { Layout } from "./layout.ts"
import { readOutcomes } from "./replies.ts"
import { applyScript } from "./scripts/apply.ts"
import type { Script, ScriptOptions } from "./scripts/script.ts"

/** Applies the changes of one call: one script for each bucket, all of them sent at once. */
export class ChangeWriter {
  readonly #layout: Layout
  readonly #script: Script

  constructor(layout: Layout, options: ScriptOptions) {
    this.#layout = layout
    this.#script = applyScript(options)
  }

  async apply(call: Call, changes: readonly Change[], now: number): Promise<Outcome[]> {
    if (this.#layout.buckets === 1) return await this.#applyIn(call, 0, changes, now)
    const outcomes = new Map(
      await Promise.all(
        Array.from(this.#byBucket(changes), async ([bucket, own]) => {
          return [bucket, await this.#applyIn(call, bucket, own, now)] as const
        }),
      ),
    )
    // Each bucket's outcomes come in the order of its changes.
    return changes.flatMap(change => outcomes.get(this.#bucketOf(change))?.shift() ?? [])
  }

  #bucketOf(change: Change): number {
    return this.#layout.bucketOf(idOf(change))
  }

  #byBucket(changes: readonly Change[]): Map<number, Change[]> {
    const buckets = new Map<number, Change[]>()
    for (const change of changes) {
      const own = buckets.get(this.#bucketOf(change))
      if (own) own.push(change)
      else buckets.set(this.#bucketOf(change), [change])
    }
    return buckets
  }

  async #applyIn(call: Call, bucket: number, changes: readonly Change[], now: number): Promise<Outcome[]> {
    const base = this.#layout.base(bucket)
    const places = new Map<string, number>()
    const keys: string[] = []
    const values = [base, `${now}`]
    for (const change of changes) {
      const id = idOf(change)
      let place = places.get(id)
      if (place === undefined) {
        place = keys.push(this.#layout.sessionKey(id))
        places.set(id, place)
      }
      values.push(`${place}`, ...changeArguments(change))
    }
    const indexes = new Set(["x", "l", ...changes.flatMap(newIndexes)])
    for (const name of indexes) keys.push(base + name)
    return readOutcomes(await call.run(this.#script, keys, values))
  }
}
