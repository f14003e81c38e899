import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { stateOf } from "../../src/core/session.ts"
import { createSessions } from "../../src/index.ts"
import { FedStore } from "../cache/fed-store.ts"

const SETTINGS = {
  "the memory store": () => ({ store: "memory:" }),
  "a near cache": () => ({ store: new FedStore(Date.now), nearCache: {} }),
} as const

/** What else could be taken for the token of a session that is in memory. */
const SPELLINGS: Readonly<Record<string, (token: string) => string>> = {
  "another character for the dot": token => `${token.slice(0, 22)}_${token.slice(23)}`,
  "a longer secret": token => `${token}A`,
  "a letter beyond ASCII in the secret": token => `${token.slice(0, -1)}é`,
  "padding for the last character": token => `${token.slice(0, -1)}=`,
}

for (const [name, setting] of Object.entries(SETTINGS)) {
  describe(`a session that is in memory, in ${name}`, () => {
    for (const [spelling, spell] of Object.entries(SPELLINGS)) {
      it(`opens for no token with ${spelling}, which is malformed`, async () => {
        await using sessions = await createSessions({ ...setting(), sweepInterval: false })
        const created = await sessions.open(undefined)
        created.set("a", 1)
        await created.save()
        const { delivery } = stateOf(created)
        const token = delivery?.kind === "issue" ? delivery.token : ""
        const refusals: string[] = []
        sessions.on("refused", ({ reason }) => refusals.push(reason))
        assert.equal((await sessions.open(token)).get("a"), 1)
        const session = await sessions.open(spell(token))
        assert.equal(session.isStored, false)
        assert.deepEqual([refusals, stateOf(session).delivery], [["malformed"], { kind: "clear" }])
      })
    }

    it("opens for no other secret, which is not malformed", async () => {
      await using sessions = await createSessions({ ...setting(), sweepInterval: false })
      const created = await sessions.open(undefined)
      created.set("a", 1)
      await created.save()
      const refusals: string[] = []
      sessions.on("refused", ({ reason }) => refusals.push(reason))
      const session = await sessions.open(`${created.id}.${"A".repeat(43)}`)
      assert.equal(session.isStored, false)
      assert.deepEqual([refusals, stateOf(session).delivery], [["secret"], undefined])
    })
  })
}
