import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { type Change, type Create, SessionError } from "../../src/contract/index.ts"
import { Batcher } from "../../src/core/batcher.ts"
import { Meters } from "../../src/core/meter.ts"
import { RecordBuilder } from "../../src/testing/index.ts"
import { code, settled, times } from "../promises/trial.ts"
import { ReferenceStore } from "../testing/reference-store.ts"

/** A store that writes down how many items each call carries. */
class CountedStore extends ReferenceStore {
  readonly finds: number[] = []
  readonly applies: number[] = []

  override async find(ids: readonly string[]) {
    this.finds.push(ids.length)
    return await super.find(ids)
  }

  override async apply(changes: readonly Change[]) {
    this.applies.push(changes.length)
    return await super.apply(changes)
  }
}

const builder = new RecordBuilder({ now: Date.now })
const creations = (count: number): Create[] =>
  builder.records(count).map(record => ({ kind: "create", record }))

describe("the batcher", () => {
  it("sends what is alone at once", async () => {
    const store = new CountedStore(Date.now)
    const batcher = new Batcher(store, 1_000, 100, new Meters())
    void batcher.find("x")
    assert.deepEqual(store.finds, [1])
    await batcher.drained()
  })

  it("sends a burst of 64 in two calls: the first, and all that piled up behind it", async () => {
    const store = new CountedStore(Date.now)
    const batcher = new Batcher(store, 1_000, 100, new Meters())
    await Promise.all(times(64, index => batcher.find(String(index))))
    await Promise.all(creations(64).map(change => batcher.apply(change)))
    assert.deepEqual(
      [store.finds, store.applies],
      [
        [1, 63],
        [1, 63],
      ],
    )
  })

  it("puts at most 512 into one call", async () => {
    const store = new CountedStore(Date.now)
    const batcher = new Batcher(store, 1_000, 10_000, new Meters())
    await Promise.all(times(1_200, index => batcher.find(String(index))))
    assert.deepEqual(store.finds, [1, 512, 512, 175])
  })

  it("gives each its own answer, and keeps the order of changes", async () => {
    const store = new ReferenceStore(Date.now)
    const batcher = new Batcher(store, 1_000, 1_000, new Meters())
    const records = builder.records(100)
    const outcomes = await Promise.all(
      records.flatMap(record => [
        batcher.apply({ kind: "create", record }),
        batcher.apply({ kind: "create", record }),
        batcher.apply({ kind: "revoke", id: record.id }),
        batcher.apply({ kind: "create", record }),
      ]),
    )
    assert.deepEqual(
      outcomes.map(({ kind }) => kind),
      times(100, () => ["applied", "exists", "applied", "applied"]).flat(),
    )
    const found = await Promise.all(records.map(({ id }) => batcher.find(id)))
    assert.deepEqual(
      found.map(record => record?.id),
      records.map(({ id }) => id),
    )
  })

  it("does not let reads wait for writes", async () => {
    const store = new ReferenceStore(Date.now)
    let end = () => {}
    store.apply = () => new Promise(resolve => (end = () => resolve([{ kind: "gone" }])))
    const batcher = new Batcher(store, 1_000, 100, new Meters())
    const revoking = batcher.apply({ kind: "revoke", id: "x" })
    assert.equal(await batcher.find("x"), undefined)
    end()
    assert.deepEqual(await revoking, { kind: "gone" })
  })

  it("fails those of the call that failed, and no others", async () => {
    const store = new ReferenceStore(Date.now)
    const find = store.find.bind(store)
    store.find = async ids => {
      if (ids.includes("bad")) throw new Error("disk failure")
      return await find(ids)
    }
    const batcher = new Batcher(store, 1_000, 100, new Meters())
    const first = batcher.find("good")
    const batch = ["bad", "with it"].map(id => batcher.find(id))
    assert.equal(await first, undefined)
    for (const each of batch) await assert.rejects(each, code("ERR_SESSION_STORE_UNAVAILABLE"))
    assert.equal(await batcher.find("after"), undefined)
  })

  it("counts an item's deadline from when it was added, not from when it is sent", async () => {
    const store = new ReferenceStore(Date.now)
    store.find = () => new Promise(() => undefined)
    const batcher = new Batcher(store, 600, 100, new Meters())
    const begun = performance.now()
    const first = assert.rejects(batcher.find("first"), code("ERR_SESSION_STORE_TIMEOUT"))
    await new Promise(resolve => setTimeout(resolve, 300))
    const second = assert.rejects(batcher.find("second"), code("ERR_SESSION_STORE_TIMEOUT"))
    await first
    const afterFirst = performance.now() - begun
    await second
    const afterSecond = performance.now() - begun
    assert.ok(afterFirst >= 598 && afterFirst < 880, `${afterFirst} ms`)
    assert.ok(afterSecond >= 898 && afterSecond < 1_180, `${afterSecond} ms, not twice the deadline`)
  })

  it("never sends what nobody waits for any more", async () => {
    const store = new ReferenceStore(Date.now)
    const sent: string[] = []
    let end = () => {}
    store.find = ids => {
      sent.push(...ids)
      return new Promise(resolve => (end = () => resolve(ids.map(() => undefined))))
    }
    const batcher = new Batcher(store, 40, 1_000, new Meters())
    const late = ["a", "b", "c"].map(id =>
      assert.rejects(batcher.find(id), code("ERR_SESSION_STORE_TIMEOUT")),
    )
    await Promise.all(late)
    end()
    await settled()
    assert.deepEqual(sent, ["a"])
    const next = batcher.find("d")
    await settled()
    end()
    assert.equal(await next, undefined)
  })

  it("is drained once nothing waits", async () => {
    const store = new CountedStore(Date.now)
    const batcher = new Batcher(store, 1_000, 100, new Meters())
    await batcher.drained()
    let answered = 0
    for (const change of creations(20)) void batcher.apply(change).then(() => answered++)
    await batcher.drained()
    assert.equal(answered, 20)
  })

  it("tries the changes of a batch one by one when a full store has refused them all", async () => {
    const store = new CountedStore(Date.now)
    const [taken, ...others] = creations(3)
    assert.ok(taken)
    const batcher = new Batcher(store, 1_000, 100, new Meters())
    await batcher.apply(taken)
    const apply = store.apply.bind(store)
    store.apply = async changes => {
      if (changes.some(each => each.kind === "create"))
        throw new SessionError("ERR_SESSION_STORE_FULL", "full")
      return await apply(changes)
    }
    const first = batcher.apply({ kind: "revoke", id: "unknown" })
    const refused = others.map(change =>
      assert.rejects(batcher.apply(change), code("ERR_SESSION_STORE_FULL")),
    )
    const logout = batcher.apply({ kind: "revoke", id: taken.record.id })
    await Promise.all([first, ...refused])
    assert.equal((await logout).kind, "applied")
  })
})
