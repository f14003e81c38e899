/** The middle of some samples and the quartiles around it, between which half of them lie. */
export interface Spread {
  readonly median: number
  readonly low: number
  readonly high: number
}

export function spreadOf(samples: readonly number[]): Spread {
  const sorted = samples.toSorted((a, b) => a - b)
  return { median: quantile(sorted, 0.5), low: quantile(sorted, 0.25), high: quantile(sorted, 0.75) }
}

function quantile(sorted: readonly number[], share: number): number {
  const position = (sorted.length - 1) * share
  const below = sorted[Math.floor(position)] ?? Number.NaN
  const above = sorted[Math.ceil(position)] ?? Number.NaN
  return below + (above - below) * (position % 1)
}

/** What was measured, by name; sample n of every name is of the same round. */
export type Samples<Name extends string> = Readonly<Record<Name, readonly number[]>>

/**
 * Measures all names in turns, round after round, so that a load on the machine that comes and goes meets them all alike.
 * Each round begins with another name, and the first round, which warms up, does not count.
 */
export async function inTurns<Name extends string, Sample = number>(
  names: readonly Name[],
  rounds: number,
  measure: (name: Name) => Promise<Sample>,
): Promise<Readonly<Record<Name, readonly Sample[]>>> {
  const samples = Object.fromEntries(names.map(name => [name, []])) as unknown as Record<Name, Sample[]>
  for (let round = 0; round <= rounds; round++) {
    const first = round % names.length
    for (const name of [...names.slice(first), ...names.slice(0, first)]) {
      const sample = await measure(name)
      if (round > 0) samples[name].push(sample)
    }
  }
  return samples
}

/** Compares samples round by round: what disturbed a round disturbed both sides of the comparison. */
export const compared = (
  samples: readonly number[],
  others: readonly number[],
  compare: (sample: number, other: number) => number,
): Spread => spreadOf(samples.map((sample, round) => compare(sample, others[round] ?? Number.NaN)))
