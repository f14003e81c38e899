import type { TestContext } from "node:test"
import { withNearCache } from "../../src/cache/with-near-cache.ts"
import type { Change, Feed, FeedObserver, Notice, Outcome, SessionRecord } from "../../src/contract/index.ts"
import { SessionManager } from "../../src/core/manager.ts"
import type { ManagerOptions } from "../../src/core/options.ts"
import type { EdgeOptions } from "../../src/http/edge.ts"
import { Sessions } from "../../src/http/sessions.ts"
import { ManualClock } from "../../src/testing/index.ts"
import { type Disk, ReferenceStore } from "../testing/reference-store.ts"

/** B of the nodes. */
export const BOUND = 1_000

/** One node's way to the hub. */
export class HubStore extends ReferenceStore {
  /** How many sessions were asked for. */
  reads = 0
  /** Set: every call fails. */
  down = false
  observer: FeedObserver | undefined
  readonly #hub: Hub

  constructor(hub: Hub, disk: Disk) {
    super(hub.clock.now, disk)
    this.#hub = hub
  }

  observe(observer: FeedObserver): Feed {
    this.observer = observer
    observer.connected()
    observer.heartbeat(this.#hub.clock.now())
    return { close: async () => undefined }
  }

  override async find(ids: readonly string[], signal?: AbortSignal): Promise<(SessionRecord | undefined)[]> {
    this.reads += ids.length
    this.#assertUp()
    return await super.find(ids, signal)
  }

  override async apply(changes: readonly Change[], signal?: AbortSignal): Promise<Outcome[]> {
    this.#assertUp()
    const outcomes = await super.apply(changes, signal)
    changes.forEach((change, index) => {
      const outcome = outcomes[index]
      if (outcome?.kind === "applied") this.#hub.announce(noticeOf(change, outcome.version))
    })
    return outcomes
  }

  override async revokeByUser(userId: string, except?: string): Promise<readonly string[]> {
    const ids = await super.revokeByUser(userId, except)
    this.#hub.announce({ kind: "userRevoked", userId })
    return ids
  }

  #assertUp(): void {
    if (this.down) throw new Error("the store is down")
  }
}

function noticeOf(change: Change, version: number): Notice | undefined {
  if (change.kind === "revoke") return { kind: "revoked", id: change.id }
  const news = change.kind === "patch" || change.kind === "rotate"
  return news ? { kind: "changed", id: change.id, version } : undefined
}

/** A store that several nodes share, with a feed that tells at once, or not at all. */
export class Hub {
  readonly clock = new ManualClock()
  /** `false`: the feed is half-open; nothing arrives, and nobody is told so. */
  feeding = true
  readonly #disk: Disk = new Map()
  readonly #stores: HubStore[] = []
  readonly #test: TestContext

  constructor(test: TestContext) {
    this.#test = test
  }

  announce(notice: Notice | undefined): void {
    if (!notice || !this.feeding) return
    for (const { observer } of this.#stores) observer?.notice(notice)
  }

  /** Time passes, with heartbeats while there is a feed. */
  pass(milliseconds: number): void {
    for (let passed = 0; passed < milliseconds; passed += BOUND / 4) {
      this.clock.advance(Math.min(BOUND / 4, milliseconds - passed))
      if (this.feeding) for (const { observer } of this.#stores) observer?.heartbeat(this.clock.now())
    }
  }

  node(options: ManagerOptions = {}): { readonly manager: SessionManager; readonly store: HubStore } {
    const { store, cache, managing } = this.#open()
    const manager = new SessionManager(cache, { ...managing, ...options })
    this.#test.after(() => manager.close())
    return { manager, store }
  }

  served(options: ManagerOptions & EdgeOptions = {}): {
    readonly sessions: Sessions
    readonly store: HubStore
  } {
    const { store, cache, managing } = this.#open()
    const sessions = new Sessions(cache, { ...managing, ...options })
    this.#test.after(() => sessions.close())
    return { sessions, store }
  }

  #open() {
    const store = new HubStore(this, this.#disk)
    this.#stores.push(store)
    const { now } = this.clock
    const options = { maxSessions: 100, maxBytes: 1e6, maxStaleness: BOUND, maxAge: 60_000 }
    const cache = withNearCache(store, options, { now, monotonic: now })
    return { store, cache, managing: { now, sweepInterval: false as const, touchInterval: "1h" as const } }
  }
}
