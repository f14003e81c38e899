import { describe, it } from "node:test"
import fc from "fast-check"
import { createMemoryStore } from "../../../src/stores/memory/index.ts"
import { step, Twins } from "./twins.ts"

describe("memory store: model", () => {
  it("any sequence of changes leaves what applyChange makes of a plain Map, user index and counts included", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 60, size: "max" }), async steps => {
        const twins = new Twins(now => createMemoryStore({}, { now }))
        for (const each of steps) {
          await twins.step(each)
          await twins.compare()
        }
        await twins.store.close()
      }),
      { numRuns: 100 },
    )
  })
})
