import { setTimeout as delay } from "node:timers/promises"
import { type FaultProxy, startFaultProxy } from "../test/services/fault-proxy.ts"
import type { Finding, Part } from "./report.ts"
import { type Delays, RevocationCluster } from "./revocation-cluster.ts"
import { postgres, redis } from "./servers.ts"

/** What becomes of the feed of every watching node. */
const FAULTS: Readonly<Record<string, (link: FaultProxy) => void>> = {
  "feed cut": link => {
    link.refuse()
    link.cut()
  },
  "feed half-open": link => link.halfOpen(),
}

const WATCHERS = 4
/** B, the default. */
const BOUND = 1_000
/** Enough for heartbeats to come again, after a fault. */
const RECOVERY = 1_500

/** From an acknowledged revocation on one node until each of four others refuses the session. B is 1 s. */
export async function measureRevocation(quick: boolean): Promise<Part> {
  await using database = await postgres()
  await using memory = await redis()
  await using stack = new AsyncDisposableStack()
  const clusters: (readonly [string, RevocationCluster])[] = []
  for (const [name, { url }] of [
    ["PostgreSQL", database],
    ["Redis", memory],
  ] as const) {
    const links: FaultProxy[] = []
    for (let n = 0; n < WATCHERS; n++) {
      links.push(
        stack.adopt(await startFaultProxy({ port: Number(new URL(url).port) }), link => link.close()),
      )
    }
    clusters.push([name, stack.use(await RevocationCluster.start(url, links))])
  }
  const findings: Finding[] = []
  for (const [name, cluster] of clusters) {
    findings.push(...findingsOf(`${name}, healthy`, await healthy(cluster, quick ? 50 : 300)))
  }
  const faulty = await Promise.all(clusters.map(([name, cluster]) => broken(name, cluster, quick)))
  return {
    title: `Revocation: until each of ${WATCHERS} other nodes refuses the session`,
    findings: [...findings, ...faulty.flat()],
  }
}

/** One after another, each watched closely. */
async function healthy(cluster: RevocationCluster, times: number): Promise<Delays> {
  const delays: Delays = { served: [], refused: [] }
  const [first, ...begun] = await cluster.begin(times + 1)
  if (first) await cluster.revoke([first], { every: 1, apart: 10 })
  for (const [time, each] of begun.entries()) {
    const measured = await cluster.revoke([each], { every: 1, apart: 3 + (time % 5) })
    delays.served.push(...measured.served)
    delays.refused.push(...measured.refused)
  }
  return delays
}

/** Many in the first moments of a fault, when the nodes still believe what they have heard. */
async function broken(name: string, cluster: RevocationCluster, quick: boolean): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const [fault, begin] of Object.entries(FAULTS)) {
    const delays: Delays = { served: [], refused: [] }
    for (let window = 0; window < (quick ? 1 : 3); window++) {
      const plan = { every: 5, apart: 5, before: () => cluster.links.forEach(begin) }
      const measured = await cluster.revoke(await cluster.begin(40), plan)
      for (const link of cluster.links) link.heal()
      await delay(RECOVERY)
      delays.served.push(...measured.served)
      delays.refused.push(...measured.refused)
    }
    findings.push(...findingsOf(`${name}, ${fault}`, delays))
  }
  return findings
}

function findingsOf(what: string, { served, refused }: Delays): Finding[] {
  const sorted = refused.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? 0
  const single = (value: number) => ({ median: value, low: value, high: value })
  return [
    { what: `${what}: refused after, p50`, unit: "ms", figure: single(at(0.5)) },
    { what: `${what}: refused after, p99`, unit: "ms", figure: single(at(0.99)) },
    { what: `${what}: refused after, worst of ${sorted.length}`, unit: "ms", figure: single(at(1)) },
    {
      what: `${what}: served for the last time after, worst`,
      unit: "ms",
      figure: single(Math.max(0, ...served)),
      target: { atMost: BOUND },
    },
  ]
}
