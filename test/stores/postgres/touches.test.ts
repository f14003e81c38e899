import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { createPostgresStore } from "../../../src/stores/postgres/index.ts"
import { changes, dataOf, ManualClock, RecordBuilder } from "../../../src/testing/index.ts"
import { eventually } from "../../services/eventually.ts"
import { administrate, postgresUrl } from "../../services/postgres.ts"

const url = await postgresUrl()
const MINUTE = 60_000

describe("touches", () => {
  it("stay within their page and leave every index alone: 95 of 100 are HOT updates", async () => {
    const clock = new ManualClock()
    const store = await createPostgresStore({ url, schema: "hot" }, clock)
    const login = new RecordBuilder(clock, 1).login("ada", { externalId: "sid" })
    const all = new RecordBuilder(clock, 2).records(1000, { login, data: dataOf(["cart", "x".repeat(300)]) })
    await store.apply(all.map(changes.create))
    for (let round = 0; round < 10; round++) {
      clock.advance(MINUTE)
      const seen = { at: clock.now(), expiresAt: clock.now() + 30 * MINUTE }
      for (let at = round % 3; at < all.length; at += 100) {
        await store.apply(all.slice(at, at + 50).map(record => changes.touch(record, seen)))
      }
    }
    // A connection tells its counts at the latest when it ends.
    await store.close()
    let counts: { readonly updates: number; readonly hot: number } = { updates: 0, hot: 0 }
    await eventually("the server's counts", async () => {
      const [row] = await administrate(
        url,
        "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE schemaname = 'hot' AND relname = 'sojourn_sessions'",
      )
      counts = { updates: Number(row?.["n_tup_upd"]), hot: Number(row?.["n_tup_hot_upd"]) }
      return counts.updates >= 4900
    })
    assert.ok(counts.hot >= 0.95 * counts.updates, JSON.stringify(counts))
  })
})

describe("a sweep", () => {
  it("looks at a session that goes on being used once in an idle timeout, and removes it at its end", async () => {
    const clock = new ManualClock()
    const store = await createPostgresStore({ url, schema: "due" }, clock)
    const record = new RecordBuilder(clock, 3).record({ expiresAt: clock.now() + 30 * MINUTE })
    await store.apply([changes.create(record)])
    const dueAt = async () => {
      const [row] = await administrate(url, "SELECT due_at FROM due.sojourn_sessions")
      return Number(row?.["due_at"])
    }
    let moves = 0
    for (let minute = 0, due = await dueAt(); minute < 120; minute += 5) {
      clock.advance(5 * MINUTE)
      await store.apply([changes.touch(record, { at: clock.now(), expiresAt: clock.now() + 30 * MINUTE })])
      assert.deepEqual(await store.sweep(clock.now(), 10), [])
      const after = await dueAt()
      if (after !== due) moves++
      due = after
    }
    assert.equal(moves, 4, "in two hours of use with an idle timeout of half an hour")
    clock.advance(30 * MINUTE)
    assert.deepEqual(await store.sweep(clock.now(), 10), [record.id])
    await store.close()
  })

  it("by many nodes at once removes every session exactly once, and waits for none", async () => {
    const clock = new ManualClock()
    const nodes = await Promise.all(
      Array.from({ length: 4 }, () => createPostgresStore({ url, schema: "swept", poolSize: 2 }, clock)),
    )
    const all = new RecordBuilder(clock, 4).records(1200)
    await nodes[0]?.apply(all.map(changes.create))
    clock.advance(100 * 24 * 60 * MINUTE)
    const sweepAll = async (node: (typeof nodes)[number]) => {
      const swept: string[] = []
      for (let more = true; more; ) {
        const ids = await node.sweep(clock.now(), 100)
        swept.push(...ids)
        more = ids.length > 0
      }
      return swept
    }
    const swept = (await Promise.all(nodes.map(sweepAll))).flat()
    assert.deepEqual(swept.sort(), all.map(({ id }) => id).sort())
    await Promise.all(nodes.map(node => node.close()))
  })

  it("removes the counters that no window reaches any more", async () => {
    const clock = new ManualClock()
    const store = await createPostgresStore({ url, schema: "hits" }, clock)
    const count = async () =>
      Number((await administrate(url, "SELECT count(*) AS n FROM hits.sojourn_hits"))[0]?.["n"])
    const hits = Array.from({ length: 1500 }, (_, index) => ({
      key: `k${index}`,
      window: MINUTE,
      limit: 5,
      cost: 1,
    }))
    await store.hit(hits)
    clock.advance(MINUTE)
    await store.sweep(clock.now(), 10)
    assert.equal(await count(), 1500)
    clock.advance(2 * MINUTE)
    await store.sweep(clock.now(), 10)
    assert.equal(await count(), 0)
    await store.close()
  })
})
