import { Children } from "./child.ts"
import { compared, inTurns, type Samples, spreadOf } from "./measure.ts"
import type { Finding, Part } from "./report.ts"
import { roundTrips } from "./round-trips.ts"
import { postgres, redis, type Server } from "./servers.ts"

export type NetworkedStore = "sojourn" | "sojourn with near cache" | "connect-pg-simple" | "connect-redis"
export type Operation = "change" | "read"

export interface Question {
  readonly operation: Operation
  readonly seconds: number
  readonly inFlight: number
}

interface Comparison {
  readonly title: string
  readonly peer: NetworkedStore
  readonly start: () => Promise<Server>
  /** At 64 in flight: how many times the peer's. Alone, one operation must be no slower. */
  readonly factors: Readonly<Record<Operation, number>>
}

export const measurePostgres = (quick: boolean): Promise<Part> =>
  compare(quick, {
    title: "PostgreSQL: 5,000 sessions of two keys, 10 connections, near cache off",
    peer: "connect-pg-simple",
    start: postgres,
    factors: { change: 5, read: 6 },
  })

export const measureRedis = (quick: boolean): Promise<Part> =>
  compare(quick, {
    title: "Redis: 5,000 sessions of two keys, near cache off",
    peer: "connect-redis",
    start: redis,
    factors: { change: 1.5, read: 1.5 },
  })

/** Changes of one key against the peer's `set`, and reads against its `get`: the stores, ours with its batcher. */
async function compare(quick: boolean, { title, peer, start, factors }: Comparison): Promise<Part> {
  await using server = await start()
  const names = ["sojourn", peer] as const
  await using children = await Children.start("networked-store.ts", names, [server.url])
  const findings: Finding[] = []
  for (const inFlight of [1, 64]) {
    for (const operation of ["change", "read"] as const) {
      const question: Question = { operation, seconds: quick ? 0.2 : 0.4, inFlight }
      const samples = await inTurns(names, quick ? 3 : 15, name => children.ask<number>(name, question))
      const atLeast = inFlight === 1 ? 1 : factors[operation]
      findings.push(...findingsOf(`${operation}s, ${inFlight} in flight`, samples, peer, atLeast))
    }
  }
  return { title, findings: [...findings, ...(await roundTrips(server.url))] }
}

function findingsOf(
  what: string,
  samples: Samples<NetworkedStore>,
  peer: NetworkedStore,
  atLeast: number,
): Finding[] {
  return [
    { what: `${what}: sojourn`, unit: "/s", figure: spreadOf(samples.sojourn) },
    { what: `${what}: ${peer}`, unit: "/s", figure: spreadOf(samples[peer]) },
    {
      what: `${what}: sojourn, times ${peer}`,
      unit: "×",
      figure: compared(samples.sojourn, samples[peer], (a, b) => a / b),
      target: { atLeast },
    },
  ]
}
