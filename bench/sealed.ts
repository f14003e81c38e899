import { Children } from "./child.ts"
import { compared, inTurns, type Samples, spreadOf } from "./measure.ts"
import type { Finding, Part } from "./report.ts"

const LIBRARIES = ["sojourn", "iron-session", "cookie-session", "@fastify/secure-session"] as const
export type Library = (typeof LIBRARIES)[number]

const USES = ["read", "write"] as const
export type Use = (typeof USES)[number]

export interface Question {
  readonly use: Use
  readonly milliseconds: number
}

/** Sessions that are all in the cookie: opened and read; opened, changed and sealed. The same data for all. */
export async function measureSealed(quick: boolean): Promise<Part> {
  await using children = await Children.start("sealed-library.ts", LIBRARIES)
  const findings: Finding[] = []
  for (const use of USES) {
    const question: Question = { use, milliseconds: quick ? 60 : 200 }
    const samples = await inTurns(LIBRARIES, quick ? 5 : 9, name => children.ask<number>(name, question))
    findings.push(...findingsOf(use, samples))
  }
  return { title: "Sealed sessions: a user's id and a small cart", findings }
}

const findingsOf = (use: Use, samples: Samples<Library>): Finding[] => [
  ...LIBRARIES.map(
    (name): Finding => ({ what: `${use}: ${name}`, unit: "µs", figure: spreadOf(samples[name]) }),
  ),
  {
    what: `${use}: sojourn, of iron-session`,
    unit: "%",
    figure: compared(samples.sojourn, samples["iron-session"], (a, b) => (100 * a) / b),
    target: { atMost: 20 },
  },
]
