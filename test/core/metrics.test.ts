import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { Lane } from "../../src/core/lane.ts"
import { SessionManager } from "../../src/core/manager.ts"
import { Meters } from "../../src/core/meter.ts"
import { prometheusText } from "../../src/core/metrics.ts"
import { createSessions } from "../../src/index.ts"
import { ReferenceStore } from "../testing/reference-store.ts"

describe("metrics", () => {
  it("count calls, what each carried, and failures", async () => {
    const meters = new Meters()
    await meters.measure("apply", 3, async () => "done")
    await meters.measure("apply", 300, async () => "done")
    await assert.rejects(meters.measure("apply", 1_000, () => Promise.reject(new Error("down"))))
    const { apply } = meters.read()
    assert.ok(apply)
    assert.equal(apply.failures, 1)
    assert.equal(apply.latency.count, 3)
    assert.equal(apply.batchSize.sum, 1_303)
    assert.deepEqual(
      apply.batchSize.buckets.filter(({ atMost }) => [2, 4, 256, 512].includes(atMost)),
      [
        { atMost: 2, count: 0 },
        { atMost: 4, count: 1 },
        { atMost: 256, count: 1 },
        { atMost: 512, count: 2 },
      ],
    )
  })

  it("are Prometheus text: cumulative buckets in seconds, +Inf, sum and count", () => {
    const latency = {
      buckets: [
        { atMost: 0.5, count: 1 },
        { atMost: 2.5, count: 4 },
      ],
      count: 5,
      sum: 12,
    }
    const batchSize = { buckets: [{ atMost: 1, count: 5 }], count: 5, sum: 5 }
    const text = prometheusText(
      {
        store: { find: { latency, batchSize, failures: 2, refusals: 3 } },
        counters: { nearCache: { staleRefusals: 7 } },
      },
      "app",
    )
    assert.deepEqual(text.split("\n"), [
      "# TYPE app_store_latency_seconds histogram",
      'app_store_latency_seconds_bucket{operation="find",le="0.0005"} 1',
      'app_store_latency_seconds_bucket{operation="find",le="0.0025"} 4',
      'app_store_latency_seconds_bucket{operation="find",le="+Inf"} 5',
      'app_store_latency_seconds_sum{operation="find"} 0.012',
      'app_store_latency_seconds_count{operation="find"} 5',
      "# TYPE app_store_batch_size histogram",
      'app_store_batch_size_bucket{operation="find",le="1"} 5',
      'app_store_batch_size_bucket{operation="find",le="+Inf"} 5',
      'app_store_batch_size_sum{operation="find"} 5',
      'app_store_batch_size_count{operation="find"} 5',
      "# TYPE app_store_failures_total counter",
      'app_store_failures_total{operation="find"} 2',
      "# TYPE app_store_refusals_total counter",
      'app_store_refusals_total{operation="find"} 3',
      "# TYPE app_near_cache_stale_refusals untyped",
      "app_near_cache_stale_refusals 7",
      "",
    ])
  })

  it("count what is refused because too many wait", async () => {
    const meters = new Meters()
    const lane = new Lane<string, string>({
      operation: "find",
      deadline: 1_000,
      maxQueued: 2,
      meters,
      send: async items => items,
    })
    const results = await Promise.allSettled(
      ["sent", "waits", "waits", "refused", "refused"].map(each => lane.add(each)),
    )
    assert.equal(results.filter(({ status }) => status === "rejected").length, 2)
    assert.equal(meters.read()["find"]?.refusals, 2)
    assert.equal(meters.read()["find"]?.failures, 0)
  })

  it("of a manager name each operation that was used", async () => {
    const manager = new SessionManager(new ReferenceStore(Date.now), { sweepInterval: false })
    const session = await manager.open(undefined)
    await session.login("ada")
    await manager.list("ada")
    const { store, counters } = manager.metrics()
    assert.deepEqual(Object.keys(store).sort(), ["apply", "findByUser"])
    assert.deepEqual(counters, {})
    await manager.close()
  })
})

describe("nearCache settings", () => {
  const wrong: readonly (readonly [object, RegExp])[] = [
    [{ maxSessions: 0 }, /nearCache.maxSessions is 0: give a whole number above 0, or nearCache: false/],
    [{ maxBytes: 1.5 }, /nearCache.maxBytes is 1.5/],
    [{ maxStaleness: "10ms" }, /nearCache.maxStaleness is 10 ms: give at least 40 ms/],
    [{ maxStaleness: "soon" }, /nearCache.maxStaleness is "soon", which is no duration/],
    [{ maxAge: "500ms" }, /nearCache.maxAge is 500 ms: give at least maxStaleness, 1000 ms/],
    [{ ttl: 5 }, /nearCache.ttl is no option: there are maxSessions/],
  ]
  for (const [nearCache, message] of wrong) {
    it(`${JSON.stringify(nearCache)} throws at the start`, async () => {
      const store = new ReferenceStore(Date.now)
      Object.assign(store, { findNow: undefined, observe: () => ({ close: async () => undefined }) })
      await assert.rejects(createSessions({ store, nearCache }), { code: "ERR_SESSION_CONFIG", message })
    })
  }

  it("a store that answers from memory alone has no use for one", async () => {
    await assert.rejects(createSessions({ store: "memory:", nearCache: {} }), {
      code: "ERR_SESSION_CONFIG",
      message: /this store answers from memory already: leave nearCache out/,
    })
  })
})
