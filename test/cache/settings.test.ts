import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { isCaching, isSessionError } from "../../src/contract/index.ts"
import { cached, type NearCacheSettings } from "../../src/near-cache.ts"
import { plainStore } from "../testing/plain-store.ts"

const refusal = (error: unknown): boolean => isSessionError(error, "ERR_SESSION_CONFIG")

describe("the settings of a near cache", () => {
  it("are refused where a store has one already", () => {
    const once = cached(plainStore(Date.now), {}, Date.now)
    assert.ok(isCaching(once))
    assert.equal(cached(once, undefined, Date.now), once)
    for (const settings of [{ maxSessions: 5 }, false] as const)
      assert.throws(() => cached(once, settings, Date.now), refusal)
  })

  it("are refused when they are none", () => {
    const wrong: unknown[] = [null, true, 5, { maxSessions: 0 }, { maxStaleness: "1ms" }, { size: 5 }]
    for (const settings of wrong)
      assert.throws(() => cached(plainStore(Date.now), settings as NearCacheSettings, Date.now), refusal)
  })
})
