import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { type Chained, HashIndex } from "../../../src/stores/memory/hash-index.ts"

const COUNT = 10_000

function given() {
  const links = new Int32Array(COUNT + 1)
  let steps = 0
  const items: Chained = {
    hashOf: item => Math.imul(item, 0x9e3779b1) >>> 3,
    next: item => {
      steps++
      return links[item] ?? 0
    },
    setNext: (item, next) => {
      links[item] = next
    },
  }
  const index = new HashIndex(items)
  const chainOf = (item: number): number[] => {
    const chain: number[] = []
    for (let at = index.first(items.hashOf(item)); at !== 0; at = links[at] ?? 0) chain.push(at)
    return chain
  }
  const stepsOf = (work: () => void): number => {
    const before = steps
    work()
    return steps - before
  }
  return { index, chainOf, stepsOf }
}

describe("memory store: hash index", () => {
  it("grows without ever stalling: no insertion walks a long chain, and chains stay short", () => {
    const { index, chainOf, stepsOf } = given()
    for (let item = 1; item <= COUNT; item++) {
      const steps = stepsOf(() => index.insert(item))
      assert.ok(steps <= 20, `inserting item ${item} took ${steps} steps`)
    }
    const lengths = Array.from({ length: COUNT }, (_, n) => chainOf(n + 1).length)
    assert.ok(Math.max(...lengths) <= 20, `a chain of ${Math.max(...lengths)}`)
    assert.ok(lengths.reduce((sum, length) => sum + length) / COUNT < 3)
  })

  it("finds every item that was inserted and not removed, and no other", () => {
    const { index, chainOf } = given()
    for (let item = 1; item <= COUNT; item++) {
      index.insert(item)
      if (item % 3 === 0) index.remove(item - 1)
    }
    for (let item = 1; item <= COUNT; item++) {
      assert.equal(chainOf(item).includes(item), item % 3 !== 2)
    }
  })
})
