import fc from "fast-check"
import { type InputKind, inputsFrom } from "./inputs.ts"
import type { AnyTarget } from "./target.ts"

export interface FuzzOptions {
  /** How many inputs. */
  readonly runs: number
  readonly seed: number
}

/** How often inputs of a kind came to an outcome. */
export type Tally = ReadonlyMap<InputKind, ReadonlyMap<string, number>>

/** Tries a target with so many inputs. Rejects with the smallest input that breaks a promise, and with how to see it again. */
export async function fuzz(target: AnyTarget, { runs, seed }: FuzzOptions): Promise<Tally> {
  const tally = new Map<InputKind, Map<string, number>>()
  const property = fc.asyncProperty(inputsFrom(target.seeds), async input => {
    const outcome = await target.try(input)
    const outcomes = tally.get(input.kind) ?? new Map<string, number>()
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    tally.set(input.kind, outcomes)
  })
  await fc.assert(property, { numRuns: runs, seed })
  return tally
}

/** How many inputs a tally has. */
export const sizeOf = (tally: Tally): number =>
  [...tally.values()].flatMap(outcomes => [...outcomes.values()]).reduce((sum, count) => sum + count, 0)

/** The tally as lines of text, a kind each. */
export const linesOf = (tally: Tally): string[] =>
  [...tally]
    .toSorted(([one], [other]) => one.localeCompare(other))
    .map(([kind, outcomes]) => {
      const counts = [...outcomes].toSorted(([, one], [, other]) => other - one)
      return `  ${kind.padEnd(15)}${counts.map(([outcome, count]) => `${outcome} ${count}`).join(", ")}`
    })
