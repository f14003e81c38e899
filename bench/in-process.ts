import { Children } from "./child.ts"
import { CONTENDERS, type ContenderName } from "./contenders.ts"
import type { Question } from "./in-process-contender.ts"
import { compared, inTurns, type Samples, spreadOf } from "./measure.ts"
import type { Finding, Part } from "./report.ts"

const NAMES = Object.keys(CONTENDERS) as ContenderName[]

/** What a session library adds to what: its name in the report, with and without it. */
const ADDITIONS = {
  "sojourn adds to node:http": ["node:http + sojourn", "node:http"],
  "sojourn adds to Fetch": ["Fetch + sojourn", "Fetch"],
  "sojourn adds to Express": ["Express + sojourn", "Express"],
  "express-session adds to Express": ["Express + express-session", "Express"],
  "@fastify/session adds to Fastify": ["Fastify + @fastify/session", "Fastify"],
  "iron-session adds to node:http": ["node:http + iron-session", "node:http"],
} as const satisfies Record<string, readonly [ContenderName, ContenderName]>

/** What has to stay within {@link Targets.microseconds}. */
const STRICT: ReadonlySet<string> = new Set(["sojourn adds to node:http", "sojourn adds to Fetch"])

interface Targets {
  /** Of what express-session adds to Express, in percent. */
  readonly share: number
  /** Microseconds added to the servers that do least themselves. */
  readonly microseconds?: number
}

const TARGETS: Record<Question["path"], Targets> = {
  "/read": { share: 100 / 15, microseconds: 3 },
  "/write": { share: 100 / 10 },
}

/** What a session costs a request where there is no network: each contender alone, one request after another. */
export async function measureInProcess(path: Question["path"], quick: boolean): Promise<Part> {
  await using children = await Children.start("in-process-contender.ts", NAMES)
  const question: Question = { path, milliseconds: quick ? 100 : 250 }
  const samples = await inTurns(NAMES, quick ? 5 : 21, name => children.ask<number>(name, question))
  return {
    title: `A request to ${path} in process`,
    findings: [...NAMES.map(what => timeOf(what, samples)), ...additions(samples, TARGETS[path])],
  }
}

const timeOf = (what: ContenderName, samples: Samples<ContenderName>): Finding => ({
  what,
  unit: "µs",
  figure: spreadOf(samples[what]),
})

function additions(samples: Samples<ContenderName>, { share, microseconds }: Targets): Finding[] {
  const added = Object.entries(ADDITIONS).map(([what, [loaded, alone]]) => ({
    what,
    unit: "µs" as const,
    figure: compared(samples[loaded], samples[alone], (a, b) => a - b),
    ...(microseconds !== undefined && STRICT.has(what) && { target: { atMost: microseconds } }),
  }))
  return [...added, shareOf(samples, share)]
}

function shareOf(samples: Samples<ContenderName>, share: number): Finding {
  const adds = (loaded: ContenderName): number[] =>
    samples[loaded].map((sample, round) => sample - (samples.Express[round] ?? Number.NaN))
  const figure = compared(
    adds("Express + sojourn"),
    adds("Express + express-session"),
    (a, b) => (100 * a) / b,
  )
  return {
    what: "sojourn's share of what express-session adds",
    unit: "%",
    figure,
    target: { atMost: share },
  }
}
