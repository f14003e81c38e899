import assert from "node:assert/strict"
import { after, describe, it } from "node:test"
import pg from "pg"
import type { Change } from "../../../src/contract/change.ts"
import { createPostgresStore } from "../../../src/stores/postgres/index.ts"
import { changes, dataOf, ManualClock, RecordBuilder, SeededRandom } from "../../../src/testing/index.ts"
import { administrate, postgresUrl } from "../../services/postgres.ts"
import { recordingPool } from "./recording-pool.ts"

const url = await postgresUrl()
const clock = new ManualClock()
const records = new RecordBuilder(clock, 1)
const seen = { at: clock.now(), expiresAt: clock.now() + 60_000 }
const hash = "h".repeat(43)

const pgPool = new pg.Pool({ connectionString: url, max: 8 })
const pool = recordingPool(pgPool)
const store = await createPostgresStore({ pool, announce: false }, clock)
after(async () => {
  await store.close()
  await pgPool.end()
})

/** How many statements the work sends. */
async function statementsOf(work: () => Promise<unknown>): Promise<number> {
  pool.sent.length = 0
  await work()
  return pool.sent.length
}

describe("round trips", () => {
  it("are one for a find of many", async () => {
    const many = records.records(50)
    await store.apply(many.map(changes.create))
    assert.equal(await statementsOf(() => store.find(many.map(({ id }) => id))), 1)
  })

  const kinds: readonly (readonly [string, () => Change])[] = [
    ["creates", () => changes.create(records.record())],
    ["patches", () => changes.patch(kept(), { set: dataOf(["a", "1"]) })],
    ["rotations", () => changes.rotate(kept(), { secretHash: hash, at: clock.now() })],
    ["touches", () => changes.touch(kept(), seen)],
    ["revocations", () => changes.revoke(kept())],
  ]
  for (const [name, make] of kinds) {
    it(`are one for 100 ${name}, and one for a single one`, async () => {
      await store.apply(spare.map(changes.create))
      const batch = Array.from({ length: 100 }, make)
      assert.equal(await statementsOf(() => store.apply(batch)), 1)
      assert.equal(await statementsOf(() => store.apply([make()])), 1)
    })
  }

  it("are as many as one session has changes in the call", async () => {
    const record = records.record()
    const batch = [changes.create(record), changes.patch(record), changes.touch(record, seen)]
    assert.equal(await statementsOf(() => store.apply(batch)), 3)
  })

  const spare = records.records(202)
  let next = 0
  const kept = () => spare[next++ % spare.length] ?? records.record()
})

describe("statements", () => {
  it("are prepared, each text under a name of its own", async () => {
    pool.sent.length = 0
    const record = records.record()
    await store.apply([changes.create(record)])
    await store.apply([changes.patch(record)])
    await store.find([record.id])
    const names = pool.sent.map(({ name }) => name)
    assert.equal(new Set(names).size, 3)
    assert.ok(names.every(name => name !== undefined && Buffer.byteLength(name) <= 63))
  })

  it("have no name when prepare is false", async () => {
    const plain = await createPostgresStore({ pool, prepare: false }, clock)
    pool.sent.length = 0
    await plain.find(["x"])
    await plain.apply([changes.touch({ id: "x" }, seen)])
    assert.deepEqual(
      pool.sent.map(({ name }) => name),
      [undefined, undefined],
    )
    await plain.close()
  })
})

describe("concurrent batches over the same sessions", () => {
  it("G1: of several nodes lose no update, neither of a key nor of a version", async () => {
    const nodes = await Promise.all(
      Array.from({ length: 4 }, () => createPostgresStore({ url, schema: "merged", poolSize: 3 }, clock)),
    )
    const shared = records.records(20)
    await nodes[0]?.apply(shared.map(changes.create))
    const keys = Array.from({ length: 40 }, (_, index) => `key ${index}`)
    const work = keys.map(async (key, index) => {
      const set = dataOf([key, key])
      const order = index % 2 === 0 ? shared : shared.toReversed()
      const outcomes = await nodes[index % 4]?.apply(order.map(record => changes.patch(record, { set })))
      assert.ok(outcomes?.every(({ kind }) => kind === "applied"))
    })
    await Promise.all(work)
    const found = (await nodes[0]?.find(shared.map(({ id }) => id))) ?? []
    assert.equal(found.length, shared.length)
    for (const record of found) assert.deepEqual([record?.version, record?.data.size], [41, 40])
    await Promise.all(nodes.map(node => node.close()))
  })

  it("never wait for each other in a circle, in whatever order they name them", async () => {
    const nodes = await Promise.all(
      Array.from({ length: 4 }, () => createPostgresStore({ url, schema: "circle", poolSize: 4 }, clock)),
    )
    const random = new SeededRandom(7)
    const login = records.login("ada")
    const shared = records.records(40, { login })
    await nodes[0]?.apply(shared.map(changes.create))
    const change = (): Change => {
      const record = shared[random.below(shared.length)] ?? records.record()
      const kind = random.below(10)
      if (kind < 4) return changes.patch(record, { set: dataOf(["k", `${kind}`]) })
      if (kind < 8) return changes.touch(record, seen)
      return kind === 8 ? changes.revoke(record) : changes.create(record)
    }
    const work = nodes.flatMap(node =>
      Array.from({ length: 30 }, async (_, round) => {
        await node.apply(Array.from({ length: 30 }, change))
        if (round % 10 === 0) await node.revokeByUser("ada")
        if (round % 15 === 0) await node.revokeAll()
        await node.sweep(clock.now(), 100)
      }),
    )
    const failed = (await Promise.allSettled(work)).filter(({ status }) => status === "rejected")
    assert.deepEqual(failed, [])
    const [row] = await administrate(
      url,
      "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()",
    )
    assert.equal(Number(row?.["deadlocks"]), 0)
    await Promise.all(nodes.map(node => node.close()))
  })
})
