import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { SessionManager } from "../../src/core/manager.ts"
import type { ManagerOptions } from "../../src/core/options.ts"
import { ReferenceStore } from "../testing/reference-store.ts"

/** Options as a program without types may give them, and what the message must name. */
const wrong: readonly (readonly [options: object, named: RegExp])[] = [
  [{ idleTimout: "1h" }, /idleTimout is no option/],
  [{ ttl: 3_600 }, /ttl is no option/],
  [{ idleTimeout: "1 hour" }, /idleTimeout is "1 hour"/],
  [{ idleTimeout: 0 }, /idleTimeout is 0/],
  [{ absoluteTimeout: -1 }, /absoluteTimeout is -1/],
  [{ absoluteTimeout: Number.POSITIVE_INFINITY }, /absoluteTimeout is Infinity/],
  [{ absoluteTimeout: "101000d" }, /absoluteTimeout is "101000d"/],
  [{ idleTimeout: "2d", absoluteTimeout: "1d" }, /idleTimeout .* is longer than absoluteTimeout/],
  [{ idleTimeout: "25h" }, /idleTimeout .* is longer than absoluteTimeout/],
  [{ rotateEvery: "often" }, /rotateEvery is "often"/],
  [{ rotateEvery: "30s" }, /rotateEvery \(30000 ms\) is no longer than rotationGrace/],
  [{ rotationGrace: 0 }, /rotationGrace is 0/],
  [{ idleTimeout: false }, /idleTimeout is false/],
  [{ touchInterval: "30d" }, /touchInterval is 30d, longer than a timer can wait/],
  [{ sweepInterval: "30d" }, /sweepInterval is 30d, longer than a timer can wait/],
  [{ sweepInterval: 0.1 }, /sweepInterval is 0\.1/],
  [{ storeTimeout: "30d" }, /storeTimeout is 30d, longer than a timer can wait/],
  [{ storeTimeout: 0 }, /storeTimeout is 0/],
  [{ onStoreFailure: "ignore" }, /onStoreFailure is "ignore": give fail or anonymous/],
  [{ maxSessionsPerUser: 0 }, /maxSessionsPerUser is 0/],
  [{ maxSessionsPerUser: 1.5 }, /maxSessionsPerUser is 1\.5/],
  [{ onUserLimit: "evict" }, /onUserLimit is "evict": give evict-oldest or refuse/],
  [{ limits: { maxKeys: 0 } }, /limits\.maxKeys is 0/],
  [{ limits: { maxRetries: "3" } }, /limits\.maxRetries is 3/],
  [{ limits: { maxSize: 1 } }, /limits\.maxSize is unknown/],
  [{ schema: { cart: { parse: () => 1 } } }, /schema\.cart is no Standard Schema/],
  [{ schema: { cart: null } }, /schema\.cart is no Standard Schema/],
  [{ codec: { stringify: String } }, /codec is no codec/],
  [{ codec: null }, /codec is no codec/],
]

describe("a manager's options", () => {
  for (const [options, named] of wrong) {
    it(`refuse ${JSON.stringify(options)} at the start with ERR_SESSION_CONFIG, and say what is wrong`, () => {
      const make = () => new SessionManager(new ReferenceStore(Date.now), options as ManagerOptions)
      assert.throws(make, { code: "ERR_SESSION_CONFIG", message: named })
    })
  }

  it("may be left out, or be undefined", async () => {
    for (const options of [undefined, {}, { idleTimeout: undefined, limits: undefined, codec: undefined }]) {
      const manager = new SessionManager(new ReferenceStore(Date.now), options as ManagerOptions)
      assert.equal((await manager.open(undefined)).isStored, false)
      await manager.close()
    }
  })

  it("do not keep the process alive by their timers", async () => {
    const before = process.getActiveResourcesInfo().filter(name => name === "Timeout").length
    const manager = new SessionManager(new ReferenceStore(Date.now))
    const session = await manager.open(undefined)
    await session.set("a", 1).save()
    assert.equal(process.getActiveResourcesInfo().filter(name => name === "Timeout").length, before)
    await manager.close()
  })
})
