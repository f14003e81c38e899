import type { Change, Outcome } from "../../contract/change.ts"
import type { Call } from "./call.ts"
import { changeArguments, idOf, newIndexes } from "./change-arguments.ts"
import { encodeText, type Layout } from "./layout.ts"
import { readOutcomes } from "./replies.ts"
import { applyScript } from "./scripts/apply.ts"
import type { Script, ScriptOptions } from "./scripts/script.ts"

/** Applies the changes of one call: one script for each session, all of them sent at once. */
export class ChangeWriter {
  readonly #layout: Layout
  readonly #script: Script

  constructor(layout: Layout, options: ScriptOptions) {
    this.#layout = layout
    this.#script = applyScript(options)
  }

  async apply(call: Call, changes: readonly Change[], now: number): Promise<Outcome[]> {
    const sessions = bySession(changes)
    const outcomes = new Map(
      await Promise.all(
        Array.from(sessions, async ([id, own]) => [id, await this.#applyTo(call, id, own, now)] as const),
      ),
    )
    // Each session's outcomes come in the order of its changes.
    return changes.flatMap(change => outcomes.get(idOf(change))?.shift() ?? [])
  }

  async #applyTo(call: Call, id: string, changes: readonly Change[], now: number): Promise<Outcome[]> {
    const base = this.#layout.base(this.#layout.bucketOf(id))
    const keys = ["x", "l", ...changes.flatMap(newIndexes)].map(name => base + name)
    const values = [base, `${now}`, encodeText(id), ...changes.flatMap(changeArguments)]
    return readOutcomes(await call.run(this.#script, [this.#layout.sessionKey(id), ...keys], values))
  }
}

function bySession(changes: readonly Change[]): Map<string, Change[]> {
  const sessions = new Map<string, Change[]>()
  for (const change of changes) {
    const own = sessions.get(idOf(change))
    if (own) own.push(change)
    else sessions.set(idOf(change), [change])
  }
  return sessions
}
