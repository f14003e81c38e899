import { Children } from "./child.ts"
import type { ContenderName } from "./contenders.ts"
import { type Kept, keptFindings, loadServers, serverFindings } from "./http.ts"
import { compared, inTurns, spreadOf } from "./measure.ts"
import type { Question } from "./networked.ts"
import type { NetworkedName } from "./networked-contenders.ts"
import type { Finding, Part } from "./report.ts"
import { postgres, redis } from "./servers.ts"

const READERS = ["sojourn with near cache", "connect-pg-simple"] as const

const SERVERS = [
  "Express",
  "Express + sojourn on PostgreSQL",
  "Express + connect-pg-simple",
  "Express + sojourn on Redis",
  "Express + connect-redis",
  "Fastify",
  "Fastify + @fastify/session + connect-redis",
] as const satisfies readonly (ContenderName | NetworkedName)[]

const KEPT: readonly Kept<(typeof SERVERS)[number]>[] = [
  ["Express + sojourn on PostgreSQL", "Express", { atLeast: 90 }],
  ["Express + connect-pg-simple", "Express"],
  ["Express + sojourn on Redis", "Express"],
  ["Express + connect-redis", "Express"],
  ["Fastify + @fastify/session + connect-redis", "Fastify"],
]

/** Reads of what this node remembers: alone against the peer's `get`, and over HTTP with a server behind. */
export async function measureNearCache(quick: boolean): Promise<Part> {
  await using database = await postgres()
  await using memory = await redis()
  const reads = await readFindings(quick, database.url)
  const { rates, cpu } = await loadServers(SERVERS, quick ? 1 : 9, [database.url, memory.url])
  return {
    title: "Warm reads through the near cache; over HTTP with 32 connections",
    findings: [...reads, ...serverFindings(SERVERS, rates, cpu), ...keptFindings(KEPT, rates)],
  }
}

async function readFindings(quick: boolean, url: string): Promise<Finding[]> {
  await using children = await Children.start("networked-store.ts", READERS, [url])
  const findings: Finding[] = []
  for (const inFlight of [1, 64]) {
    const question: Question = { operation: "read", seconds: quick ? 0.2 : 0.4, inFlight }
    const samples = await inTurns(READERS, quick ? 3 : 9, name => children.ask<number>(name, question))
    const [ours, peers] = [samples["sojourn with near cache"], samples["connect-pg-simple"]]
    const what = `warm reads, ${inFlight} in flight`
    findings.push(
      ...READERS.map(
        (name): Finding => ({ what: `${what}: ${name}`, unit: "/s", figure: spreadOf(samples[name]) }),
      ),
      {
        what: `${what}: times connect-pg-simple`,
        unit: "×",
        figure: compared(ours, peers, (a, b) => a / b),
        target: { atLeast: 50 },
      },
    )
  }
  return findings
}
