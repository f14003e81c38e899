import { Children } from "./child.ts"
import type { StepName } from "./edge-steps.ts"
import { compared, inTurns, spreadOf } from "./measure.ts"
import type { Finding, Part, Target } from "./report.ts"

export interface Question {
  readonly milliseconds: number
}

const NAMES: Readonly<Record<StepName, Target | undefined>> = {
  "origin check, by Sec-Fetch-Site": { atMost: 1 },
  "origin check, by Origin": { atMost: 1 },
  "signed token, check": { atMost: 5 },
  "encrypted token, check": { atMost: 5 },
  "anti-forgery token, issue": undefined,
  "anti-forgery token, check": undefined,
  "open and get": undefined,
  "open and get, encrypted at rest": undefined,
  "open, set and save": undefined,
  "open, set and save, encrypted at rest": undefined,
  "rate-limit hit": undefined,
}

/** What single steps of a request cost, each in a process of its own. Memory store. */
export async function measureEdge(quick: boolean): Promise<Part> {
  const names = Object.keys(NAMES) as StepName[]
  await using children = await Children.start("edge-step.ts", names)
  const question: Question = { milliseconds: quick ? 50 : 100 }
  const samples = await inTurns(names, quick ? 5 : 9, name => children.ask<number>(name, question))
  const added = (what: StepName): Finding => ({
    what: `encryption at rest adds to ${what}`,
    unit: "µs",
    figure: compared(samples[`${what}, encrypted at rest` as StepName], samples[what], (a, b) => a - b),
  })
  return {
    title: "Steps of a request, processor time",
    findings: [
      ...names.map((what): Finding => {
        const target = NAMES[what]
        return { what, unit: "µs", figure: spreadOf(samples[what]), ...(target && { target }) }
      }),
      added("open and get"),
      added("open, set and save"),
    ],
  }
}
