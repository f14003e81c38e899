import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { begin, times, trial } from "../promises/trial.ts"

/** Spends ten, or refuses. */
function spend(credit: unknown): number {
  if (typeof credit === "number" && credit >= 10) return credit - 10
  throw new RangeError("there is too little")
}

describe("update() on what a request has read before another one's change", () => {
  it("G1: lets the newest value decide when the change refuses the older one", async t => {
    const manager = (await trial(t)).manager()
    const token = await begin(manager, { credit: 0 })
    const early = await manager.open(token)
    await (await manager.open(token)).set("credit", 100).save()
    assert.equal(await early.update("credit", spend), 90)
  })

  it("throws what the change throws of the newest value, having asked it twice at most", async t => {
    const manager = (await trial(t)).manager()
    const session = await manager.open(await begin(manager, { credit: 5 }))
    let asked = 0
    const counted = (credit: unknown) => {
      asked += 1
      return spend(credit)
    }
    await assert.rejects(session.update("credit", counted), RangeError)
    assert.equal(asked, 2)
  })

  it("judges the limits on the newest data", async t => {
    const manager = (await trial(t)).manager({ limits: { maxSessionLength: 60 } })
    const token = await begin(manager, { list: [], large: "x".repeat(40) })
    const early = await manager.open(token)
    const other = await manager.open(token)
    other.delete("large")
    await other.save()
    const list = times(5, index => index)
    assert.deepEqual(await early.update("list", () => [...list, "y".repeat(20)]), [...list, "y".repeat(20)])
  })
})
