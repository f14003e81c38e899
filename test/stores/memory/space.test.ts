import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { setImmediate } from "node:timers/promises"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { changes, dataOf } from "../../../src/testing/index.ts"
import { given } from "./given.ts"

setFlagsFromString("--expose-gc")
const collectGarbage: () => void = runInNewContext("gc")
const heldOutside = (): number => process.memoryUsage().arrayBuffers

/** What is held once earlier garbage is gone. */
async function settled(): Promise<number> {
  for (let round = 0; round < 5; round++) {
    collectGarbage()
    await setImmediate()
  }
  return heldOutside()
}

const COUNT = 50_000

describe("memory store: space", () => {
  it("a session of one key and 100 bytes takes at most 320 bytes, indexes included", async () => {
    const before = await settled()
    const { store, records } = given()
    for (let n = 0; n < COUNT; n += 100) {
      const batch = Array.from({ length: 100 }, (_, k) =>
        records.record({
          login: records.login(`user-${100_000 + n + k}`),
          data: dataOf(["cart", "x".repeat(100)]),
        }),
      )
      await store.apply(batch.map(changes.create))
    }
    const each = ((await settled()) - before) / COUNT
    assert.ok(each > 200 && each <= 320, `${each} bytes`)
    assert.equal(await store.countLive(), COUNT)
  })

  it("revoked and expired sessions leave their space to new ones: ten times the churn takes no more", async () => {
    const { store, records, clock } = given()
    const size = (n: number): number => (n * 7919) % 600
    const round = async (number: number): Promise<void> => {
      const batch = Array.from({ length: 5000 }, (_, n) =>
        records.record({
          login: records.login(`user-${number}-${n}`),
          data: dataOf(["a", "x".repeat(size(n))]),
        }),
      )
      await store.apply(batch.map(changes.create))
      await store.apply(batch.map(record => changes.patch(record, { set: dataOf(["b", "y"]) })))
      await store.apply(batch.slice(0, 2500).map(changes.revoke))
      clock.advance(batch[0]?.idleTimeout ?? 0)
      assert.equal((await store.sweep(clock.now(), 5000)).length, 2500)
    }
    const empty = await settled()
    await round(0)
    const full = await settled()
    for (let number = 1; number <= 10; number++) await round(number)
    const more = (await settled()) - full
    assert.ok(full > empty)
    assert.ok(more < (full - empty) / 10, `${more} bytes more than ${full - empty}`)
  })

  it("a large value is given back as soon as it is gone", async () => {
    const { store, records } = given()
    const record = records.record({ data: dataOf(["big", "x".repeat(50_000_000)]) })
    const before = await settled()
    await store.apply([changes.create(record)])
    await store.apply([changes.patch(record, { unset: ["big"] })])
    await eventually(() => heldOutside() - before < 10_000_000)
    assert.equal(await store.countLive(), 1)
  })

  it("closing frees the memory", async () => {
    const { store, fill } = given()
    const before = await settled()
    await fill(COUNT)
    assert.ok((await settled()) - before > 150 * COUNT)
    await store.close()
    await eventually(() => heldOutside() - before < 30 * COUNT)
  })
})

/** Collects garbage until it is so; freeing happens in the background. */
async function eventually(holds: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 50 && !holds(); attempt++) {
    collectGarbage()
    await setImmediate()
  }
  assert.ok(holds())
}
