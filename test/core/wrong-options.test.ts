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

describe("login with options that are none", () => {
  for (const [name, begin] of Object.entries(kinds)) {
    it(`is refused by a session ${name}`, async () => {
      for (const options of [null, "1h", 3]) {
        const session = await begin()
        const wrong = { ...code("ERR_SESSION_INVALID_ARGUMENT"), message: /login takes options/ }
        await assert.rejects(session.login("anna", options as never), wrong)
        assert.equal(session.userId, undefined)
      }
    })
  }
})
