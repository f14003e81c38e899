import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { STEPS_PER_TURN } from "../../../src/stores/memory/pace.ts"
import { changes } from "../../../src/testing/index.ts"
import { failsWith, given } from "./given.ts"

const COUNT = 20_000
const ENOUGH = Math.floor(COUNT / STEPS_PER_TURN)

/** How many turns the event loop had while this ran. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let turns = 0
  let running = true
  const turn = (): void => {
    turns++
    if (running) setImmediate(turn)
  }
  setImmediate(turn)
  await work()
  running = false
  return turns
}

async function expectTurns(work: () => Promise<unknown>): Promise<void> {
  const turns = await turnsDuring(work)
  assert.ok(turns >= ENOUGH, `${turns} turns of the event loop, not ${ENOUGH}`)
}

describe("memory store: turns of the event loop", () => {
  it("one long call of apply gives it turns", async () => {
    const { store, creates } = given()
    const batch = creates(COUNT)
    await expectTurns(() => store.apply(batch))
    assert.equal(await store.countLive(), COUNT)
  })

  it("many short calls in a row give it turns", async () => {
    const { store, creates, clock } = given()
    const batch = creates(COUNT)
    await expectTurns(async () => {
      for (const change of batch) await store.apply([change])
    })
    clock.advance(batch[0]?.record.idleTimeout ?? 0)
    await expectTurns(async () => {
      while ((await store.sweep(clock.now(), 100)).length > 0);
    })
    assert.deepEqual(await store.sweep(clock.now(), 1), [])
  })

  it("counting and revokeAll give it turns", async () => {
    const { store, fill } = given()
    await fill(COUNT)
    await expectTurns(async () => assert.equal(await store.countLive(), COUNT))
    await expectTurns(async () => assert.equal(await store.countUsersSeen(0), COUNT))
    await expectTurns(async () => assert.equal(await store.revokeAll(), COUNT))
    assert.equal(await store.countLive(), 0)
  })

  it("a sweep gives it turns, whether all of the sessions that it looks at have expired or none", async () => {
    const { store, creates, clock } = given()
    const batch = creates(COUNT)
    await store.apply(batch)
    const { idleTimeout } = batch[0]?.record ?? { idleTimeout: 0 }
    clock.advance(idleTimeout - 1)
    const seen = { at: clock.now(), expiresAt: clock.now() + idleTimeout }
    await store.apply(batch.map(({ record }) => changes.touch(record, seen)))
    clock.advance(1)
    await expectTurns(async () => assert.deepEqual(await store.sweep(clock.now(), COUNT), []))
    clock.advance(idleTimeout)
    await expectTurns(async () => assert.equal((await store.sweep(clock.now(), COUNT)).length, COUNT))
  })

  it("a sweep looks only at what may have expired", async () => {
    const { store, fill, clock } = given()
    await fill(COUNT)
    await store.sweep(clock.now(), COUNT)
    const turns = await turnsDuring(async () => {
      for (let n = 0; n < 100; n++) await store.sweep(clock.now() + n, COUNT)
    })
    assert.ok(turns < 3, `${turns} turns: it has looked at more than that`)
  })

  it("a call that is under way when the store closes rejects with ERR_SESSION_CLOSED", async () => {
    const { store, creates } = given()
    const batch = creates(COUNT)
    const applying = assert.rejects(store.apply(batch), failsWith("ERR_SESSION_CLOSED"))
    await store.close()
    await applying
  })
})
