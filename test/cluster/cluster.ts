import assert from "node:assert/strict"
import { setTimeout as delay } from "node:timers/promises"
import { SeededRandom } from "../../src/testing/seeded-random.ts"
import { Balancer } from "./balancer.ts"
import { Client } from "./client.ts"
import { History } from "./history.ts"
import { NodeProcess } from "./nodes.ts"
import { request } from "./request.ts"
import type { Sabotage } from "./sabotage.ts"

const USERS = 200
const AT_ONCE = 24

/** Something that goes wrong for a while; resolves when it has been put right again. */
export type Fault = (random: SeededRandom) => Promise<void>

export interface ClusterPlan {
  /** The store's URL as each node sees it. */
  readonly urls: readonly string[]
  /** B, in milliseconds. */
  readonly bound: number
  readonly clients: number
  /** Milliseconds of traffic. */
  readonly duration: number
  readonly faults: readonly Fault[]
  readonly seed: number
}

/** Runs the plan: nodes as processes, traffic over HTTP, faults one after another. Then all is quiet, and each client looks. */
export async function runCluster(plan: ClusterPlan): Promise<History> {
  return await withNodes(plan, async (port, nodes) => {
    const traffic = new Traffic(plan, port)
    const faults = breakThings([...plan.faults, nodeRestart(nodes)], plan.seed, () => traffic.over)
    await traffic.run()
    await faults
    await traffic.look()
    for (const [index, { crashes }] of nodes.entries()) assert.equal(crashes, 0, `node ${index} has crashed`)
    return traffic.history
  })
}

/** Starts the nodes and a balancer before them, and ends them all. */
export async function withNodes<Result>(
  { urls, bound, sabotage }: Pick<ClusterPlan, "urls" | "bound"> & { readonly sabotage?: Sabotage },
  use: (port: number, nodes: readonly NodeProcess[]) => Promise<Result>,
): Promise<Result> {
  const nodes = urls.map((url, index) => new NodeProcess(index, url, bound, sabotage))
  await Promise.all(nodes.map(node => node.start()))
  const balancer = await Balancer.before(nodes)
  try {
    return await use(balancer.port, nodes)
  } finally {
    await balancer.close()
    await Promise.all(nodes.map(node => node.kill()))
  }
}

async function breakThings(faults: readonly Fault[], seed: number, over: () => boolean): Promise<void> {
  const random = new SeededRandom(seed)
  while (!over()) {
    await delay(100 + random.below(300))
    if (!over()) await faults[random.below(faults.length)]?.(random)
  }
}

const nodeRestart =
  (nodes: readonly NodeProcess[]): Fault =>
  async random => {
    const node = nodes[random.below(nodes.length)]
    await node?.kill()
    await node?.start()
  }

/** Many clients, of which some act at any time, and an administrator who ends a user's sessions now and then. */
class Traffic {
  readonly history = new History()
  over = false
  readonly #clients: Client[]
  readonly #random: SeededRandom
  readonly #plan: ClusterPlan
  readonly #port: number

  constructor(plan: ClusterPlan, port: number) {
    this.#plan = plan
    this.#port = port
    this.#random = new SeededRandom(plan.seed)
    this.#clients = Array.from(
      { length: plan.clients },
      (_, index) => new Client(`user${index % USERS}`, port, this.history, this.#random),
    )
  }

  async run(): Promise<void> {
    const stop = delay(this.#plan.duration).then(() => {
      this.over = true
    })
    await Promise.all([stop, this.#administer(), ...Array.from({ length: AT_ONCE }, () => this.#act())])
  }

  /** What is left of each session, which nobody changes any more. */
  async look(): Promise<void> {
    const waiting = [...this.#clients]
    const lookOn = async (): Promise<void> => {
      for (let client = waiting.pop(); client; client = waiting.pop()) await client.look()
    }
    await Promise.all(Array.from({ length: AT_ONCE }, lookOn))
  }

  async #act(): Promise<void> {
    while (!this.over) {
      // A few clients are busy, the others come by: so sessions are known to all nodes, and to some.
      const crowd = this.#random.onceIn(2) ? Math.min(40, this.#clients.length) : this.#clients.length
      const client = this.#clients[this.#random.below(crowd)]
      if (!client || client.busy) {
        await delay(1)
        continue
      }
      client.busy = true
      await client.act()
      client.busy = false
    }
  }

  async #administer(): Promise<void> {
    while (!this.over) {
      await delay(150 + this.#random.below(300))
      const user = `user${this.#random.below(this.#random.onceIn(2) ? 40 : USERS)}`
      this.history.mayHaveEnded(user)
      const answer = await request(this.#port, `/revoke-user?user=${user}`, "")
      const at = performance.now()
      for (const id of answer?.ended ?? []) this.history.ended.push({ node: answer?.node ?? -1, id, at })
    }
  }
}
