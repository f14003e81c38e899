import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { setImmediate as turn } from "node:timers/promises"
import { SessionError } from "../../src/contract/errors.ts"
import { RunningCalls } from "../../src/stores/running-calls.ts"

const CLOSED = { code: "ERR_SESSION_CLOSED" }
const newCalls = () => new RunningCalls(() => new SessionError("ERR_SESSION_CLOSED", "closed"))

describe("the running calls of a store", () => {
  it("give each call its result or its error", async () => {
    const calls = newCalls()
    const failure = new Error("the disk is full")
    assert.equal(await calls.run(async () => 7), 7)
    await assert.rejects(
      calls.run(() => Promise.reject(failure)),
      failure,
    )
    await calls.settled()
  })

  it("let none begin once the store is being closed", async () => {
    const calls = newCalls()
    calls.assertOpen()
    await calls.close(async () => {})
    assert.throws(() => calls.assertOpen(), CLOSED)
    await assert.rejects(
      calls.run(async () => assert.fail("began")),
      CLOSED,
    )
  })

  it("have settled when all that began have ended, well or not", async () => {
    const calls = newCalls()
    const [one, other] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const running = Promise.allSettled([calls.run(() => one.promise), calls.run(() => other.promise)])
    let closed = false
    const closing = calls
      .close(() => calls.settled())
      .then(() => {
        closed = true
      })
    one.reject(new Error("lost"))
    await turn()
    assert.equal(closed, false)
    other.resolve()
    await closing
    assert.deepEqual(
      (await running).map(({ status }) => status),
      ["rejected", "fulfilled"],
    )
  })

  it("close once, however often they are asked", async () => {
    const calls = newCalls()
    let times = 0
    const close = () =>
      calls.close(async () => {
        times++
        await turn()
      })
    await Promise.all([close(), close()])
    await close()
    assert.equal(times, 1)
  })
})
