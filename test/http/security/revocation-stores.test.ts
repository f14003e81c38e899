import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { RevocableSealedSessions } from "../../../src/index.ts"
import { cached } from "../../../src/near-cache.ts"
import { ManualClock } from "../../../src/testing/index.ts"
import { makePlace, removePlace } from "../../promises/store-kind.ts"
import { storesAndNearCaches } from "../../promises/stores.ts"
import { tokenOf } from "../../promises/trial.ts"
import { HOUR, key, login, userOf } from "./revocation-trial.ts"

for (const kind of storesAndNearCaches) {
  describe(`a revocation list in ${kind.name}`, () => {
    it("G2, G4, G11: ends sessions and users, once and again, and is swept", async t => {
      const clock = new ManualClock()
      const place = await makePlace()
      const store = await kind.open(clock.now, place)
      const list = kind.hasNearCache ? cached(store, {}, clock.now) : store
      const sessions = new RevocableSealedSessions({
        keys: [key],
        revocations: list,
        now: clock.now,
        idleTimeout: "4h",
        absoluteTimeout: "4h",
        sweepInterval: false,
      })
      t.after(async () => {
        await sessions.close()
        await removePlace(place, kind)
      })
      const [first, second, third] = [await login(sessions), await login(sessions), await login(sessions)]
      const tokens = [first, second, third].map(tokenOf)
      const users = () => Promise.all(tokens.map(token => userOf(sessions, token)))
      assert.deepEqual(await users(), ["anna", "anna", "anna"])
      await first.logout()
      assert.deepEqual(await users(), [undefined, "anna", "anna"])
      await third.revokeOthers()
      assert.deepEqual(await users(), [undefined, undefined, "anna"])
      const later = await login(sessions)
      tokens.push(tokenOf(later))
      clock.advance(HOUR)
      await sessions.revokeUser("anna", { except: later.id })
      assert.deepEqual(await users(), [undefined, undefined, undefined, "anna"])
      assert.equal(await sessions.sweep(), 0)
      clock.advance(3 * HOUR - 1)
      assert.deepEqual(await users(), [undefined, undefined, undefined, "anna"])
      clock.advance(2 * HOUR)
      assert.equal(await sessions.sweep(), 2)
      assert.equal(await store.countLive(), 0)
    })
  })
}
