import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { dataOf } from "../../src/testing/index.ts"
import { GivenCache } from "./given-cache.ts"

describe("the bounds of the near cache", () => {
  it("is bounded by count: what was not used for longest leaves first", async () => {
    const { cache, counted, fill, stored } = new GivenCache()
    const [first, second, third, fourth] = await Promise.all([stored(), stored(), stored(), stored()])
    for (const { id } of [first, second, third]) await fill(id)
    cache.recall(first.id, 0)
    await fill(fourth.id)
    assert.deepEqual(
      [first, second, third, fourth].map(({ id }) => cache.recall(id, 0) !== undefined),
      [true, false, true, true],
    )
    assert.deepEqual([counted("sessions"), counted("evictions")], [3, 1])
  })

  it("is bounded by count when all were used, too: then the first leaves, and never the one that comes", async () => {
    const { cache, counted, fill, stored } = new GivenCache()
    const [first, second, third, ...more] = await Promise.all(Array.from({ length: 6 }, () => stored()))
    for (const each of [first, second, third]) await fill(each?.id ?? "")
    for (const each of more) {
      for (const { id } of [first, second, third, ...more].filter(held => held !== undefined))
        cache.recall(id, 0)
      await fill(each.id)
      assert.notEqual(cache.recall(each.id, 0), undefined)
      assert.equal(counted("sessions"), 3)
    }
    assert.equal(cache.recall(first?.id ?? "", 0), undefined)
    assert.equal(counted("evictions"), 3)
  })

  it("is bounded by bytes, and does not keep what alone is too large", async () => {
    const { cache, counted, fill, stored } = new GivenCache()
    const large = await stored({ data: dataOf(["a", "x".repeat(40_000)]) })
    const small = await stored()
    const huge = await stored({ data: dataOf(["a", "x".repeat(60_000)]) })
    for (const { id } of [small, large]) await fill(id)
    const bytes = counted("bytes")
    assert.ok(bytes > 80_000 && bytes < 90_000, `${bytes}`)
    await fill(huge.id)
    assert.deepEqual(
      [small, large, huge].map(({ id }) => cache.recall(id, 0) !== undefined),
      [true, true, false],
    )
  })
})
