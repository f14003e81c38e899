import { withNearCache } from "../../../src/cache/with-near-cache.ts"
import type { FeedObserver, FeedOptions } from "../../../src/contract/feed.ts"
import { type CachingStore, isUserIndexed } from "../../../src/contract/store.ts"
import { dataOf, RecordBuilder } from "../../../src/testing/record-builder.ts"
import { SeededRandom } from "../../../src/testing/seeded-random.ts"
import { History } from "./history.ts"
import { SimulatedStore } from "./node.ts"
import { Schedule } from "./schedule.ts"
import { Server, START } from "./server.ts"

const NODES = 3
const SESSIONS = 6
const USERS = ["ada", "bob"] as const

/** B of the simulation, in its milliseconds. */
export const BOUND = 200

/** What to break, to see that the checker finds it. */
export interface Sabotage {
  /** What a node's cache hears of its feed, in place of what there is to hear. */
  readonly hears?: (observer: FeedObserver, store: SimulatedStore) => FeedObserver
  /** Clients name no version. */
  readonly forgetsVersions?: boolean
}

interface Client {
  readonly id: string
  seen: number
}

/** Three nodes with near caches, clients without sticky routing, and a feed that breaks now and then. */
export class Cluster {
  readonly history = new History()
  readonly #schedule: Schedule
  readonly #server: Server
  readonly #stores: SimulatedStore[]
  readonly #caches: CachingStore[]
  readonly #records: RecordBuilder
  readonly #clients: Client[] = []
  readonly #sabotage: Sabotage

  constructor(seed: number, sabotage: Sabotage = {}) {
    this.#sabotage = sabotage
    this.#schedule = new Schedule(new SeededRandom(seed))
    this.#server = new Server(this.#schedule)
    const now = () => START + this.#schedule.now
    this.#records = new RecordBuilder({ now }, seed)
    this.#stores = Array.from({ length: NODES }, () => new SimulatedStore(this.#schedule, this.#server))
    const options = { maxSessions: 100, maxBytes: 1e6, maxStaleness: BOUND, maxAge: 60_000 }
    this.#caches = this.#stores.map(store => {
      const context = { now, monotonic: () => this.#schedule.now }
      return withNearCache(this.#sabotaged(store), options, context)
    })
  }

  /** Lets clients and faults work for that long, then waits until all is answered. */
  async run(duration: number): Promise<History> {
    for (let at = 0; at < duration; at += this.#schedule.between(1, 4)) {
      this.#schedule.at(at, () => void this.#somebodyDoesSomething())
    }
    for (let at = 100; at < duration; at += this.#schedule.between(100, 400)) {
      this.#schedule.at(at, () => this.#somethingBreaks())
    }
    await this.#schedule.runUntil(duration + 4_000)
    return this.history
  }

  #sabotaged(store: SimulatedStore): SimulatedStore {
    const { hears } = this.#sabotage
    if (!hears) return store
    const observe = store.observe.bind(store)
    store.observe = (observer: FeedObserver, options: FeedOptions) => observe(hears(observer, store), options)
    return store
  }

  async #somebodyDoesSomething(): Promise<void> {
    const { random } = this.#schedule
    const node = random.below(NODES)
    const client = this.#clients[random.below(SESSIONS)]
    if (!client) return await this.#login(node)
    const dice = random.below(100)
    if (dice < 70) await this.#read(node, client)
    else if (dice < 90) await this.#write(node, client)
    else if (dice < 96) await this.#end(node, client)
    else if (dice < 98) await this.#endNewest(node)
    else if (random.onceIn(3)) await this.#endUser(node)
  }

  async #login(node: number): Promise<void> {
    const login = this.#records.login(this.#schedule.random.pick(...USERS))
    const record = this.#records.record({ login })
    await this.#caches[node]?.apply([{ kind: "create", record }])
    this.#clients.push({ id: record.id, seen: 1 })
  }

  async #read(node: number, client: Client): Promise<void> {
    const cache = this.#caches[node]
    if (!cache) return
    const { id, seen: named } = client
    const at = this.#schedule.now
    const asked = this.#sabotage.forgetsVersions ? 0 : named
    const load = async () => (await cache.find([id]))[0]
    const record = cache.recall(id, asked) ?? (await cache.fill(id, asked, load))
    if (!record) return this.#forget(client)
    this.history.served.push({ node, id, at, version: record.version, named })
    client.seen = Math.max(client.seen, record.version)
  }

  async #write(node: number, client: Client): Promise<void> {
    const set = dataOf(["at", String(this.#schedule.now)])
    const [outcome] =
      (await this.#caches[node]?.apply([{ kind: "patch", id: client.id, epoch: 0, set, unset: [] }])) ?? []
    if (outcome?.kind === "applied") client.seen = Math.max(client.seen, outcome.version)
  }

  async #end(node: number, client: Client): Promise<void> {
    await this.#endById(node, client.id)
  }

  /** An administrator ends what the server has, be its client told of it already or not. */
  async #endNewest(node: number): Promise<void> {
    const newest = this.#server.ofUser(this.#schedule.random.pick(...USERS)).at(-1)
    if (newest) await this.#endById(node, newest.id)
  }

  async #endById(node: number, id: string): Promise<void> {
    await this.#caches[node]?.apply([{ kind: "revoke", id }])
    this.history.ended.push({ node, id, at: this.#schedule.now })
  }

  async #endUser(node: number): Promise<void> {
    const cache = this.#caches[node]
    if (!cache || !isUserIndexed(cache)) return
    const ids = await cache.revokeByUser(this.#schedule.random.pick(...USERS))
    for (const id of ids) this.history.ended.push({ node, id, at: this.#schedule.now })
  }

  /** Ended clients stay for a while, as late requests do. */
  #forget(client: Client): void {
    const index = this.#clients.indexOf(client)
    if (index !== -1 && this.#schedule.random.onceIn(10)) this.#clients.splice(index, 1)
  }

  #somethingBreaks(): void {
    const store = this.#stores[this.#schedule.random.below(NODES)]
    if (this.#schedule.random.onceIn(2)) store?.halfOpen()
    else if (store && this.#schedule.random.onceIn(3))
      store.stalled = this.#schedule.random.pick(0, 2 * BOUND)
    else store?.slow(this.#schedule.random.pick(0, 20, 120, 400))
  }
}
