import { Children } from "./child.ts"
import { inTurns, spreadOf } from "./measure.ts"
import type { Part } from "./report.ts"
import { temporaryDirectory } from "./temporary-directory.ts"

const DURABILITIES = ["full", "normal"] as const
export type Durability = (typeof DURABILITIES)[number]

export interface Question {
  readonly measure: "find" | "change"
  readonly seconds: number
}

/** The SQLite store: one session read, and changes of one key, 64 at a time, through the batcher. */
export async function measureSqlite(quick: boolean): Promise<Part> {
  await using directory = await temporaryDirectory()
  await using children = await Children.start("sqlite-worker.ts", DURABILITIES, [directory.path])
  const ask = (question: Question) =>
    inTurns(DURABILITIES, quick ? 3 : 7, name => children.ask<number>(name, question))
  const finds = await ask({ measure: "find", seconds: quick ? 0.2 : 0.5 })
  const changes = await ask({ measure: "change", seconds: quick ? 0.5 : 2 })
  return {
    title: "SQLite: 20,000 sessions of two keys",
    findings: [
      { what: "find, processor time", unit: "µs", figure: spreadOf(finds.full), target: { atMost: 10 } },
      ...DURABILITIES.map(name => ({
        what: `changes of one key, 64 at a time, durability ${name}`,
        unit: "/s" as const,
        figure: spreadOf(changes[name]),
        target: { atLeast: 50_000 },
      })),
    ],
  }
}
