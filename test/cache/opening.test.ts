import assert from "node:assert/strict"
import { describe, it } from "node:test"
import type { Exchange } from "../../src/core/state.ts"
import { code, logIn } from "../promises/trial.ts"
import { Hub } from "./hub.ts"

/** A request of which nothing can be found out, as the application's own code fails. */
const faulty: Exchange = {
  canIssue: true,
  canCommit: true,
  changed: () => undefined,
  client: () => {
    throw new TypeError("no such address")
  },
}

describe("opening a session behind a near cache", () => {
  it("does not take a failure of the application's own code for one of the store", async t => {
    const hub = new Hub(t)
    const options = { hijack: { address: "observe" }, onStoreFailure: "anonymous" } as const
    const { manager } = hub.node(options)
    const token = await logIn(manager, "anna")
    const errors: unknown[] = []
    const { manager: other } = hub.node(options)
    other.on("storeError", event => errors.push(event))
    await assert.rejects(async () => await other.open(token, { exchange: faulty }), TypeError)
    assert.deepEqual(errors, [])
  })

  it("G12: tells a failure of the store, or goes on without it, as the options say", async t => {
    const hub = new Hub(t)
    const { manager } = hub.node()
    const token = await logIn(manager, "anna")
    const [failing, going] = [hub.node(), hub.node({ onStoreFailure: "anonymous" })]
    for (const { store } of [failing, going]) store.down = true
    await assert.rejects(async () => await failing.manager.open(token), code("ERR_SESSION_STORE_UNAVAILABLE"))
    const session = await going.manager.open(token)
    assert.equal(session.userId, undefined)
    assert.throws(() => session.set("a", 1), code("ERR_SESSION_STORE_UNAVAILABLE"))
  })
})
