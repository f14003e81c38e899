import { type Change, idOf, type Outcome } from "../../contract/change.ts"
import {
  createValues,
  type InputValue,
  isPlain,
  patchValues,
  plainValues,
  revokeValues,
  rotateValues,
  touchValues,
} from "./change-columns.ts"
import type { AllChangeStatements, ChangeKind } from "./change-statements.ts"
import type { Database } from "./database.ts"
import type { PostgresRow } from "./pool.ts"

/** A change at its place among those of the call. */
interface Placed {
  readonly change: Change
  readonly index: number
}

/** Told of a patch as soon as it is stored: what else is in its call may fail yet. */
export type OnPatched = (id: string, version: number) => void

/** Applies changes: those of one kind in one statement, which is one round trip and one transaction. */
export class ChangeRunner {
  readonly #database: Database
  readonly #statements: AllChangeStatements
  readonly #onPatched: OnPatched | undefined

  constructor(database: Database, statements: AllChangeStatements, onPatched: OnPatched | undefined) {
    this.#database = database
    this.#statements = statements
    this.#onPatched = onPatched
  }

  async apply(changes: readonly Change[], now: number, signal: AbortSignal | undefined): Promise<Outcome[]> {
    const outcomes: Outcome[] = []
    for (const round of roundsOf(changes)) {
      // Kinds share no session within a round, and each is a transaction of its own: they may run side by side.
      const running = Array.from(round, async ([kind, placed]) => {
        const sent = placed.map(({ change }) => change)
        const found = await (kind === "plain"
          ? this.#runPlain(sent, now, signal)
          : this.#run(kind, sent.map(valuesOf), now, signal))
        if (kind === "patch") this.#tellPatched(sent, found)
        for (const [position, { index }] of placed.entries()) outcomes[index] = found[position] ?? GONE
      })
      await allDone(running)
    }
    return outcomes
  }

  /** What the statement of plain patches has missed is patched in full, which tells why when it misses as well. */
  async #runPlain(
    changes: readonly Change[],
    now: number,
    signal: AbortSignal | undefined,
  ): Promise<Outcome[]> {
    const values = changes.map(plainValuesOf)
    const { alone, many } = this.#statements.plain
    const [first = [], ...more] = values
    const rows = await (more.length === 0
      ? this.#database.run(alone, [...first, now], signal)
      : this.#database.run(many, [...columnsOf(values), now], signal))
    const byId = new Map(rows.map(row => [row["id"], applied(row)]))
    const found = values.map(([id]) => byId.get(id))
    this.#tellPatched(changes, found)
    const missed = changes.filter((_, index) => !found[index])
    const inFull = missed.length === 0 ? [] : await this.#runMany("patch", missed.map(valuesOf), now, signal)
    this.#tellPatched(missed, inFull)
    const next = inFull.values()
    return found.map(outcome => outcome ?? next.next().value ?? GONE)
  }

  #tellPatched(changes: readonly Change[], outcomes: readonly (Outcome | undefined)[]): void {
    if (!this.#onPatched) return
    for (const [index, change] of changes.entries()) {
      const outcome = outcomes[index]
      if (outcome?.kind === "applied") this.#onPatched(idOf(change), outcome.version)
    }
  }

  async #run(
    kind: ChangeKind,
    changes: readonly InputValue[][],
    now: number,
    signal: AbortSignal | undefined,
  ): Promise<Outcome[]> {
    const [first = [], ...more] = changes
    if (more.length > 0) return await this.#runMany(kind, changes, now, signal)
    const [row] = await this.#database.run(this.#statements[kind].alone, [...first, now], signal)
    if (row) return [applied(row)]
    if (kind === "create") return [EXISTS]
    // A touch misses only what is gone, or was at this moment; of the others, the locked row has to tell.
    return kind === "touch" ? [GONE] : await this.#runMany(kind, changes, now, signal)
  }

  async #runMany(
    kind: ChangeKind,
    changes: readonly InputValue[][],
    now: number,
    signal: AbortSignal | undefined,
  ): Promise<Outcome[]> {
    const rows = await this.#database.run(this.#statements[kind].many, [...columnsOf(changes), now], signal)
    const byId = new Map(rows.map(row => [row["id"], row]))
    return changes.map(([id]) => {
      const row = byId.get(id)
      if (!row) return kind === "create" ? EXISTS : GONE
      return row["version"] === null ? CONFLICT : applied(row)
    })
  }
}

const GONE: Outcome = { kind: "gone" }
const CONFLICT: Outcome = { kind: "conflict" }
const EXISTS: Outcome = { kind: "exists" }

const applied = (row: PostgresRow): Outcome => ({ kind: "applied", version: Number(row["version"]) })

const columnsOf = (changes: readonly InputValue[][]): (InputValue | undefined)[][] =>
  changes[0]?.map((_, column) => changes.map(values => values[column])) ?? []

/** Each session's first change is in the first round, its second in the second, and so on; by kind within a round. */
function roundsOf(changes: readonly Change[]): Map<ChangeKind, Placed[]>[] {
  const rounds: Map<ChangeKind, Placed[]>[] = []
  const next = new Map<string, number>()
  for (const [index, change] of changes.entries()) {
    const id = idOf(change)
    const number = next.get(id) ?? 0
    next.set(id, number + 1)
    const round = rounds[number] ?? new Map<ChangeKind, Placed[]>()
    rounds[number] = round
    const kind = change.kind === "patch" && isPlain(change) ? "plain" : change.kind
    const same = round.get(kind)
    if (same) same.push({ change, index })
    else round.set(kind, [{ change, index }])
  }
  return rounds
}

const plainValuesOf = (change: Change): InputValue[] =>
  change.kind === "patch" ? plainValues(change) : valuesOf(change)

function valuesOf(change: Change): InputValue[] {
  switch (change.kind) {
    case "create":
      return createValues(change)
    case "patch":
      return patchValues(change)
    case "rotate":
      return rotateValues(change)
    case "touch":
      return touchValues(change)
    case "revoke":
      return revokeValues(change)
  }
}

/** Waits for all, so that nothing goes on behind a call that was rejected. */
async function allDone(running: readonly Promise<void>[]): Promise<void> {
  for (const each of await Promise.allSettled(running)) {
    if (each.status === "rejected") throw each.reason
  }
}
