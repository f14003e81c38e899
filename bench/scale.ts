import { stateOf } from "../src/core/session.ts"
import { createSessions } from "../src/index.ts"
import { Child } from "./child.ts"
import { inTurns, type Spread, spreadOf } from "./measure.ts"
import { type Chart, plotOf } from "./plot.ts"
import type { Finding, Part } from "./report.ts"
import type { Question, Served } from "./scale-node.ts"
import { postgres, redis, type Server } from "./servers.ts"

const SIZES = [1, 2, 4, 8] as const
const STORES = ["PostgreSQL", "Redis"] as const
/** Few enough for each node to come by each of them several times. */
const SESSIONS = 400

type Store = (typeof STORES)[number]
type Size = (typeof SIZES)[number]
type Cell = `${Store}, nodes: ${Size}`

const cellOf = (store: Store, size: Size): Cell => `${store}, nodes: ${size}`
const CELLS = STORES.flatMap(store => SIZES.map(size => cellOf(store, size)))

/** All nodes together, and one of them on average. */
interface Cluster extends Served {
  readonly total: number
}

type Figure = (store: Store, size: Size, of: keyof Cluster) => Spread

/** Nodes on one machine that share sessions and one server: nine requests in ten read, one writes. */
export async function measureScale(quick: boolean): Promise<Part> {
  await using database = await postgres()
  await using memory = await redis()
  const stores = { PostgreSQL: await filled(database), Redis: await filled(memory) }
  await using stack = new AsyncDisposableStack()
  const start = async () => stack.use(await Child.start("scale-node.ts", []))
  const nodes = await Promise.all(Array.from({ length: Math.max(...SIZES) }, start))
  // Compiled code is what is compared, also where many nodes have little time for each.
  for (const name of STORES) await together(nodes, stores[name], quick ? 1 : 4)
  const samples = await inTurns(CELLS, quick ? 1 : 2, async cell => {
    const store = STORES.find(name => cell.startsWith(name)) ?? "Redis"
    const size = SIZES.find(each => cell === cellOf(store, each)) ?? 1
    return await together(nodes.slice(0, size), stores[store], quick ? 0.4 : 1)
  })
  const figure: Figure = (store, size, of) => spreadOf(samples[cellOf(store, size)].map(each => each[of]))
  return {
    title: "One to eight nodes: 400 sessions that all of them serve, a tenth of the requests write",
    findings: STORES.flatMap(store => SIZES.flatMap(size => findingsOf(store, size, figure))),
    plot: plotOf(chartsOf(figure)),
  }
}

interface Filled {
  readonly url: string
  /** Of the sessions in it. */
  readonly tokens: readonly string[]
}

async function filled({ url }: Server): Promise<Filled> {
  const sessions = await createSessions({ store: url, nearCache: false, sweepInterval: false })
  const begin = async (): Promise<string> => {
    const session = await sessions.open(undefined)
    session.set("note", "x".repeat(89)).set("visits", 0)
    await session.save()
    const { delivery } = stateOf(session)
    return delivery?.kind === "issue" ? delivery.token : ""
  }
  const tokens = await Promise.all(Array.from({ length: SESSIONS }, begin))
  await sessions.close()
  return { url, tokens }
}

/** These processes join, serve and leave again; the others rest. */
async function together(nodes: readonly Child[], { url, tokens }: Filled, seconds: number): Promise<Cluster> {
  const all = <Answer>(question: Question) => Promise.all(nodes.map(node => node.ask<Answer>(question)))
  await all({ kind: "join", url, tokens })
  await all({ kind: "serve", seconds: 0.3 })
  const served = await all<Served>({ kind: "serve", seconds })
  await all({ kind: "leave" })
  const mean = (of: keyof Served) => served.reduce((sum, each) => sum + each[of], 0) / nodes.length
  const requests = mean("requests")
  return {
    total: requests * nodes.length,
    requests,
    notices: mean("notices"),
    processorTime: mean("processorTime"),
    recalled: mean("recalled"),
  }
}

const findingsOf = (store: Store, size: Size, figure: Figure): Finding[] => {
  const cell = cellOf(store, size)
  return [
    { what: `${cell}: requests in total`, unit: "/s", figure: figure(store, size, "total") },
    { what: `${cell}: requests, each`, unit: "/s", figure: figure(store, size, "requests") },
    { what: `${cell}: notices received, each`, unit: "/s", figure: figure(store, size, "notices") },
    { what: `${cell}: sessions from memory`, unit: "%", figure: figure(store, size, "recalled") },
    {
      what: `${cell}: processor time of a request`,
      unit: "µs",
      figure: figure(store, size, "processorTime"),
    },
  ]
}

function chartsOf(figure: Figure): Chart[] {
  const chart = (title: string, yAxis: string, of: keyof Cluster): Chart => ({
    title,
    xAxis: "nodes",
    yAxis,
    series: STORES.map(name => ({
      name,
      points: SIZES.map(size => ({ x: size, y: figure(name, size, of) })),
    })),
  })
  return [
    chart("All nodes together", "requests a second", "total"),
    chart("What the feed brings to each node", "notices a second", "notices"),
    chart("What a request costs its node", "µs of processor time", "processorTime"),
  ]
}
