import { Child, Children } from "./child.ts"
import type { ContenderName } from "./contenders.ts"
import type { Question } from "./http-load.ts"
import type { ServerState } from "./http-server.ts"
import { compared, inTurns, type Samples, spreadOf } from "./measure.ts"
import type { Finding, Part, Target } from "./report.ts"

const NAMES = [
  "node:http",
  "node:http + sojourn",
  "Express",
  "Express + sojourn",
  "Express + express-session",
  "Fastify",
  "Fastify + @fastify/session",
] as const satisfies readonly ContenderName[]

/** Of one round. Many short rounds, as a load on the machine comes and goes within seconds. */
const SECONDS = 1

type Name = (typeof NAMES)[number]

/** What is left of a server's requests per second when it has sessions. */
export type Kept<Name> = readonly [loaded: Name, alone: Name, target?: Target]

const KEPT: readonly Kept<Name>[] = [
  ["Express + sojourn", "Express", { atLeast: 95 }],
  ["Express + express-session", "Express"],
  ["node:http + sojourn", "node:http"],
  ["Fastify + @fastify/session", "Fastify"],
]

/** Reading a session over HTTP: server and load generator in processes of their own, on a core each. */
export async function measureHttp(quick: boolean): Promise<Part> {
  const { rates, cpu } = await loadServers(NAMES, quick ? 2 : 11)
  return {
    title: "Reading a session over HTTP, 32 connections",
    findings: [...serverFindings(NAMES, rates, cpu), ...keptFindings(KEPT, rates)],
  }
}

/** `args` are for the servers' script, behind the contender's name. */
export async function loadServers<Name extends string>(
  names: readonly Name[],
  rounds: number,
  args: readonly string[] = [],
): Promise<{ readonly rates: Samples<Name>; readonly cpu: Samples<Name> }> {
  await using servers = await Children.start("http-server.ts", names, args, { core: 0 })
  await using load = await Child.start("http-load.ts", [], { core: 1 })
  const cookies = new Map<Name, string>()
  const cpu = Object.fromEntries(names.map(name => [name, []])) as unknown as Record<Name, number[]>

  const requestsPerSecond = async (name: Name): Promise<number> => {
    const before = await servers.ask<ServerState>(name, {})
    const cookie = cookies.get(name) ?? (await beginSession(before.url))
    cookies.set(name, cookie)
    const question: Question = { url: `${before.url}/read`, cookie, seconds: SECONDS }
    const rate = await load.ask<number>(question)
    const after = await servers.ask<ServerState>(name, {})
    cpu[name].push((after.cpu - before.cpu) / (rate * SECONDS))
    return rate
  }
  const rates = await inTurns(names, rounds, requestsPerSecond)
  for (const name of names) cpu[name].shift()
  return { rates, cpu }
}

async function beginSession(url: string): Promise<string> {
  const response = await fetch(`${url}/write`)
  await response.arrayBuffer()
  return response.headers
    .getSetCookie()
    .map(line => line.split(";")[0])
    .join("; ")
}

/** How fast each server is, and what a request costs it. */
export const serverFindings = <Name extends string>(
  names: readonly Name[],
  rates: Samples<Name>,
  cpu: Samples<Name>,
): Finding[] => [
  ...names.map((what): Finding => ({ what, unit: "/s", figure: spreadOf(rates[what]) })),
  ...names.map(
    (name): Finding => ({ what: `${name}: processor time`, unit: "µs", figure: spreadOf(cpu[name]) }),
  ),
]

export const keptFindings = <Name extends string>(
  kept: readonly Kept<Name>[],
  rates: Samples<Name>,
): Finding[] =>
  kept.map(
    ([loaded, alone, target]): Finding => ({
      what: `${loaded}, of ${alone}`,
      unit: "%",
      figure: compared(rates[loaded], rates[alone], (a, b) => (100 * a) / b),
      ...(target && { target }),
    }),
  )
