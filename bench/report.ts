import type { Spread } from "./measure.ts"

/** One figure of the report. */
export interface Finding {
  readonly what: string
  readonly unit: Unit
  readonly figure: Spread
  readonly target?: Target
}

export type Unit = "µs" | "ms" | "bytes" | "/s" | "%" | "×" | "calls"

/** What the median has to reach. */
export type Target = { readonly atMost: number } | { readonly atLeast: number }

export interface Part {
  readonly title: string
  readonly findings: readonly Finding[]
  /** An SVG of some of them. */
  readonly plot?: string
}

export const isMet = ({ figure: { median }, target }: Finding): boolean =>
  target === undefined || ("atMost" in target ? median <= target.atMost : median >= target.atLeast)

/** The part as a table: each figure with the quartiles around it, and its target where it has one. */
export function printPart({ title, findings }: Part): void {
  const width = Math.max(...findings.map(({ what }) => what.length))
  console.log(`\n${title}\n`)
  for (const finding of findings) console.log(`  ${finding.what.padEnd(width)}  ${lineOf(finding)}`)
}

function lineOf(finding: Finding): string {
  const { figure, target, unit } = finding
  const { median, low, high } = figure
  const value = `${round(median).padStart(9)} ${unit.padEnd(5)}`
  const spread = low === high ? "" : `(${round(low)} to ${round(high)})`
  if (target === undefined) return `${value} ${spread}`
  const limit = "atMost" in target ? `at most ${round(target.atMost)}` : `at least ${round(target.atLeast)}`
  return `${value} ${spread.padEnd(20)}  ${isMet(finding) ? "met" : "MISSED"}: ${limit}`
}

function round(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

/** How many targets were met, and which were not. */
export function printVerdict(parts: readonly Part[]): void {
  const judged = parts.flatMap(part => part.findings).filter(({ target }) => target !== undefined)
  const missed = judged.filter(finding => !isMet(finding))
  console.log(`\n${judged.length - missed.length} of ${judged.length} targets met`)
  for (const { what } of missed) console.log(`  missed: ${what}`)
}
