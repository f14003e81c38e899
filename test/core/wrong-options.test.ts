import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { SessionManager } from "../../src/core/manager.ts"
import { generateKey, RevocableSealedSessions, SealedSessions, type Session } from "../../src/index.ts"
import { createMemoryStore } from "../../src/stores/memory/index.ts"
import { code } from "../promises/trial.ts"

const keys = [generateKey()]
const sweepInterval = false

/** A new session of each kind of manager. */
const kinds: Readonly<Record<string, () => Session | Promise<Session>>> = {
  "in a store": () => new SessionManager(createMemoryStore(), { sweepInterval }).open(undefined),
  sealed: () => new SealedSessions({ keys }).open(undefined),
  "sealed, with a revocation list": () =>
    new RevocableSealedSessions({ keys, revocations: createMemoryStore(), sweepInterval }).open(undefined),
}

describe("options that are none", () => {
  for (const [name, begin] of Object.entries(kinds)) {
    it(`are refused by setLifetime of a session ${name}`, async () => {
      const session = await begin()
      for (const options of [null, "1h", 3]) {
        const wrong = { ...code("ERR_SESSION_INVALID_ARGUMENT"), message: /lifetimes are .*: give an object/ }
        await assert.rejects(async () => session.setLifetime(options as never), wrong)
      }
    })

    it(`are refused by login of a session ${name}`, async () => {
      for (const options of [null, "1h", 3]) {
        const session = await begin()
        const wrong = { ...code("ERR_SESSION_INVALID_ARGUMENT"), message: /login takes options/ }
        await assert.rejects(session.login("anna", options as never), wrong)
        assert.equal(session.userId, undefined)
      }
    })
  }
})
