import assert from "node:assert/strict"
import { describe, it } from "node:test"
import type { FeedObserver } from "../../src/contract/feed.ts"
import { BOUND, Cluster, type Sabotage } from "./simulation/cluster.ts"

const SEEDS = 40
const DURATION = 4_000

/** What the observer is told, but for what is replaced. */
const told = (observer: FeedObserver, replaced: Partial<FeedObserver>): FeedObserver => ({
  connected: () => observer.connected(),
  disconnected: () => observer.disconnected(),
  heartbeat: sentAt => observer.heartbeat(sentAt),
  notice: notice => observer.notice(notice),
  ...replaced,
})

/** Each switches off one of the rules that the promises rest on. */
const SABOTAGE: Readonly<Record<string, Sabotage>> = {
  "the lease: a feed that is silent is trusted": {
    hears: observer => told(observer, { heartbeat: () => observer.heartbeat(Number.MAX_SAFE_INTEGER) }),
  },
  "the time of the heartbeat: trusted from its arrival": {
    hears: observer => told(observer, { heartbeat: sentAt => observer.heartbeat(sentAt + 4 * BOUND) }),
  },
  "the fence: what was read over an earlier connection is kept": {
    hears: observer => {
      let connections = 0
      return told(observer, {
        connected: () => connections++ || observer.connected(),
        disconnected: () => undefined,
      })
    },
  },
  "tombstones: news during a read is not heard": {
    hears: (observer, store) =>
      told(observer, { notice: notice => (store.reading > 0 ? undefined : observer.notice(notice)) }),
  },
  "revocation by user: not heard": {
    hears: observer =>
      told(observer, {
        notice: notice => (notice.kind === "userRevoked" ? undefined : observer.notice(notice)),
      }),
  },
  "the version in the cookie": { forgetsVersions: true },
}

async function violationsOf(sabotage: Sabotage | undefined, seed: number): Promise<string[]> {
  const history = await new Cluster(seed, sabotage).run(DURATION)
  assert.ok(history.served.length > 200, "the clients were served")
  assert.ok(history.ended.length > 5, "sessions were ended")
  return history.violations(BOUND)
}

describe("the near cache of a simulated cluster", () => {
  it("G4, G5: keeps both while feeds are slow, half-open and reconnecting, and answers overtake each other", async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      assert.deepEqual(await violationsOf(undefined, seed), [], `seed ${seed}`)
    }
  })

  for (const [what, sabotage] of Object.entries(SABOTAGE)) {
    it(`the checker notices when this is switched off: ${what}`, async () => {
      const found: string[] = []
      for (let seed = 1; seed <= SEEDS && found.length === 0; seed++) {
        found.push(...(await violationsOf(sabotage, seed)))
      }
      assert.notDeepEqual(found, [])
    })
  }
})
