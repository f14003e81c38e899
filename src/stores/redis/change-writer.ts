import { type Change, idOf, type Outcome, type Patch } from "../../contract/change.ts"
import type { Call } from "./call.ts"
import { changeArguments, isPlain, newIndexes, plainArguments } from "./change-arguments.ts"
import { fullError, isOutOfMemory } from "./errors.ts"
import type { Layout } from "./layout.ts"
import { readOutcome, readReplies } from "./replies.ts"
import { applyScript } from "./scripts/apply.ts"
import { HAS_ENDED_KEYS, patchScript } from "./scripts/patch.ts"
import type { Script, ScriptOptions } from "./scripts/script.ts"

/** A change, and its place in the call. */
interface Placed<Kind extends Change = Change> {
  readonly change: Kind
  readonly place: number
}

/** The changes of one bucket: plain patches of a session each, and all others. */
interface Portion {
  readonly base: string
  readonly plain: Placed<Patch>[]
  readonly others: Placed[]
}

/** For so long after it has refused a change for want of memory, a server is taken to be full, in milliseconds. */
const FULL_FOR = 1000

/**
 * Applies the changes of one call: at most two scripts for each bucket, all of them sent at once.
 *
 * A full server refuses a script as a whole, so that one script is all of a call or nothing: `ERR_SESSION_STORE_FULL` then,
 * and whoever called can send each change by itself. Of several, others may have been applied, so the call fails as
 * any other; for a second from then on, calls that need several are refused before anything is sent.
 */
export class ChangeWriter {
  readonly #layout: Layout
  readonly #patchScript: Script
  readonly #applyScript: Script
  #fullUntil = 0

  constructor(layout: Layout, options: ScriptOptions) {
    this.#layout = layout
    this.#patchScript = patchScript(options)
    this.#applyScript = applyScript(options)
  }

  async apply(call: Call, changes: readonly Change[], now: number): Promise<Outcome[]> {
    const outcomes = new Array<Outcome>(changes.length)
    const portions = this.#share(changes)
    if (now < this.#fullUntil && mayBeStoredInPart(portions)) throw fullError()
    const work = portions.flatMap(({ base, plain, others }) => [
      plain.length > 0 && this.#patch(call, base, plain, now, outcomes),
      others.length > 0 && this.#apply(call, base, others, now, outcomes),
    ])
    try {
      await Promise.all(work)
    } catch (error) {
      if (!isOutOfMemory(error)) throw error
      this.#fullUntil = now + FULL_FOR
      await othersSettled(work)
      if (!outcomes.some(outcome => outcome?.kind === "applied")) throw fullError(error)
      await this.#revokeLeft(call, changes, now, outcomes)
      throw error
    }
    return outcomes
  }

  /** The revocations among what a full server has refused: by themselves, they need no memory. */
  async #revokeLeft(call: Call, changes: readonly Change[], now: number, outcomes: readonly Outcome[]) {
    const left = changes.filter((change, place) => change.kind === "revoke" && !outcomes[place])
    const work = this.#share(left).map(({ base, others }) => this.#apply(call, base, others, now, []))
    await Promise.all(work)
  }

  /** Several changes of one session stay together, in their order. */
  #share(changes: readonly Change[]): Portion[] {
    const repeated = repeatedIds(changes)
    const portions = new Map<number, Portion>()
    for (const [place, change] of changes.entries()) {
      const bucket = this.#layout.bucketOf(idOf(change))
      const portion = portions.get(bucket) ?? { base: this.#layout.base(bucket), plain: [], others: [] }
      portions.set(bucket, portion)
      if (isPlain(change) && !repeated.has(change.id)) portion.plain.push({ change, place })
      else portion.others.push({ change, place })
    }
    return [...portions.values()]
  }

  async #patch(
    call: Call,
    base: string,
    patches: readonly Placed<Patch>[],
    now: number,
    outcomes: Outcome[],
  ): Promise<void> {
    const keys = patches.map(({ change }) => this.#layout.sessionKey(change.id))
    const values = [base, `${now}`, ...patches.flatMap(({ change }) => plainArguments(change))]
    const replies = readReplies(await call.run(this.#patchScript, keys, values))
    const left = patches.filter((_, index) => replies[index] === HAS_ENDED_KEYS)
    for (const [index, { place }] of patches.entries()) {
      if (replies[index] !== HAS_ENDED_KEYS) outcomes[place] = readOutcome(replies[index])
    }
    if (left.length > 0) await this.#apply(call, base, left, now, outcomes)
  }

  async #apply(
    call: Call,
    base: string,
    changes: readonly Placed[],
    now: number,
    outcomes: Outcome[],
  ): Promise<void> {
    const sessions = [...new Set(changes.map(({ change }) => this.#layout.sessionKey(idOf(change))))]
    const places = new Map(sessions.map((key, index) => [key, `${index + 1}`]))
    const values = [base, `${now}`]
    for (const { change } of changes) {
      values.push(places.get(this.#layout.sessionKey(idOf(change))) ?? "", ...changeArguments(change))
    }
    const indexes = new Set(["x", "l", ...changes.flatMap(({ change }) => newIndexes(change))])
    const keys = [...sessions, ...Array.from(indexes, name => base + name)]
    const replies = readReplies(await call.run(this.#applyScript, keys, values))
    for (const [index, { place }] of changes.entries()) outcomes[place] = readOutcome(replies[index])
  }
}

/** Whether a full server could refuse one script and not another. */
function mayBeStoredInPart(portions: readonly Portion[]): boolean {
  const scripts = portions.flatMap(({ plain, others }) => [plain, others]).filter(each => each.length > 0)
  return scripts.length > 1 && scripts.flat().some(({ change }) => change.kind !== "revoke")
}

/** Rejects if one of them has failed in another way: what became of it is unknown. */
async function othersSettled(work: readonly (Promise<void> | false)[]): Promise<void> {
  for (const each of await Promise.allSettled(work)) {
    if (each.status === "rejected" && !isOutOfMemory(each.reason)) throw each.reason
  }
}

function repeatedIds(changes: readonly Change[]): ReadonlySet<string> {
  const [seen, repeated] = [new Set<string>(), new Set<string>()]
  if (changes.length === 1) return repeated
  for (const change of changes) {
    const id = idOf(change)
    if (seen.has(id)) repeated.add(id)
    else seen.add(id)
  }
  return repeated
}
