import { Children } from "./child.ts"
import { compared, inTurns, spreadOf } from "./measure.ts"
import type { Finding, Part } from "./report.ts"
import { temporaryDirectory } from "./temporary-directory.ts"

const WRITERS = ["sojourn", "session-file-store"] as const
export type Writer = (typeof WRITERS)[number]

/**
 * How fast sessions are created in files: the whole way from `open` to `save` against the other store alone. Both wait
 * for the disk.
 */
export async function measureFile(quick: boolean): Promise<Part> {
  await using directory = await temporaryDirectory()
  await using children = await Children.start("file-writer.ts", WRITERS, [directory.path])
  const question = { seconds: quick ? 0.5 : 2 }
  const rates = await inTurns(WRITERS, quick ? 3 : 7, name => children.ask<number>(name, question))
  const factor: Finding = {
    what: "sojourn, times session-file-store",
    unit: "×",
    figure: compared(rates.sojourn, rates["session-file-store"], (a, b) => a / b),
    target: { atLeast: 10 },
  }
  return {
    title: "Sessions created in files, 64 at a time",
    findings: [
      ...WRITERS.map((what): Finding => ({ what, unit: "/s", figure: spreadOf(rates[what]) })),
      factor,
    ],
  }
}
