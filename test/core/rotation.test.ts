import assert from "node:assert/strict"
import { describe, it } from "node:test"
import type { SessionManager } from "../../src/core/manager.ts"
import type { Session } from "../../src/core/session.ts"
import {
  begin,
  changesStored,
  deliveryOf,
  opens,
  settled,
  storedValue,
  times,
  tokenOf,
  trial,
} from "../promises/trial.ts"

const SECOND = 1_000
const MINUTE = 60 * SECOND

const OPTIONS = { rotateEvery: "10m", rotationGrace: "30s" } as const

/** One request of a client: opens, commits, and gives the token that the client has afterwards. */
async function request(manager: SessionManager, token: string): Promise<string> {
  const session = await manager.open(token)
  await session.save()
  return deliveryOf(session) ? tokenOf(session) : token
}

const whetherStored = async (sessions: readonly (Session | Promise<Session>)[]): Promise<boolean[]> =>
  (await Promise.all(sessions)).map(session => session.isStored)

describe("periodic rotation", () => {
  it("gives no new secret before rotateEvery, and one at that millisecond", async t => {
    const { clock, manager: make } = await trial(t)
    const manager = make(OPTIONS)
    const first = await begin(manager)
    clock.advance(10 * MINUTE - 1)
    assert.equal(await request(manager, first), first)
    clock.advance(1)
    const second = await request(manager, first)
    assert.notEqual(second, first)
    assert.equal(second.slice(0, 22), first.slice(0, 22), "the id stays")
  })

  it("never rotates by time alone without rotateEvery", async t => {
    const { clock, manager: make } = await trial(t)
    const manager = make({ idleTimeout: "1d", absoluteTimeout: "30d" })
    const token = await begin(manager)
    for (const _ of times(10, () => 0)) {
      clock.advance(23 * 60 * MINUTE)
      assert.equal(await request(manager, token), token)
    }
  })

  it("keeps the previous secret good until the new one has been seen, and for the grace after that", async t => {
    const { clock, manager: make } = await trial(t)
    const manager = make(OPTIONS)
    const first = await begin(manager)
    clock.advance(10 * MINUTE)
    const second = await request(manager, first)
    clock.advance(29 * SECOND)
    assert.equal(await opens(manager, first), true, "the new one has not been seen")
    assert.equal(await opens(manager, second), true)
    await changesStored(manager)
    clock.advance(30 * SECOND - 1)
    assert.equal(await opens(manager, first), true, "within the grace")
  })

  it("takes a previous secret after the grace for a replay: a theft event, and the session is revoked", async t => {
    const { clock, manager: make } = await trial(t)
    const manager = make(OPTIONS)
    const told: unknown[] = []
    manager.on("theft", event => told.push(["theft", event]))
    manager.on("revoked", event => told.push(["revoked", event]))
    const visitor = await manager.open(undefined)
    await visitor.login("anna")
    const first = tokenOf(visitor)
    clock.advance(10 * MINUTE)
    const second = await request(manager, first)
    await request(manager, second)
    await changesStored(manager)
    told.length = 0
    clock.advance(30 * SECOND)
    const replayed = await manager.open(first)
    assert.equal(replayed.isStored, false)
    await changesStored(manager)
    assert.equal(await opens(manager, second), false)
    const { id } = visitor
    assert.deepEqual(told.slice(0, 2), [
      ["theft", { id, userId: "anna" }],
      ["revoked", { id, userId: "anna", reason: "theft" }],
    ])
  })

  it("revokes at a replay even though the thief came first and holds the newer secret", async t => {
    const { clock, manager: make } = await trial(t)
    const manager = make(OPTIONS)
    const stolen = await begin(manager)
    clock.advance(10 * MINUTE)
    const thiefs = await request(manager, stolen)
    await request(manager, thiefs)
    await changesStored(manager)
    clock.advance(MINUTE)
    assert.equal(await opens(manager, stolen), false, "the owner is asked to log in again")
    await changesStored(manager)
    assert.equal(await opens(manager, thiefs), false)
  })

  it("gives a new secret again when the response with the last one was lost", async t => {
    const { clock, manager: make } = await trial(t)
    const manager = make(OPTIONS)
    const thefts: unknown[] = []
    manager.on("theft", event => thefts.push(event))
    const first = await begin(manager)
    clock.advance(10 * MINUTE)
    const lost = await request(manager, first)
    clock.advance(30 * SECOND - 1)
    assert.equal(await request(manager, first), first, "the response may still be under way")
    clock.advance(1)
    const again = await request(manager, first)
    assert.notEqual(again, first)
    assert.deepEqual([await opens(manager, again), await opens(manager, lost)], [true, false])
    assert.deepEqual(thefts, [])
  })

  it("supabase/auth-js#213: of two tabs that rotate at once exactly one does, and there is no false alarm", async t => {
    const { clock, manager: make } = await trial(t)
    const manager = make(OPTIONS)
    const told: string[] = []
    for (const name of ["theft", "revoked", "refused"] as const) manager.on(name, () => told.push(name))
    const first = await begin(manager)
    clock.advance(10 * MINUTE)
    const tabs = await Promise.all(times(2, () => manager.open(first)))
    await Promise.all(tabs.map(tab => tab.save()))
    assert.equal(tabs.filter(tab => deliveryOf(tab)).length, 1)
    const second = tabs.filter(tab => deliveryOf(tab)).map(tokenOf)[0] ?? ""
    assert.deepEqual(await whetherStored([manager.open(first), manager.open(second)]), [true, true])
    await changesStored(manager)
    clock.advance(30 * SECOND - 1)
    assert.deepEqual(await whetherStored([manager.open(first), manager.open(second)]), [true, true])
    assert.deepEqual(told, ["revoked"], "only the helper session that changesStored() ends")
  })

  it("supabase/auth-js#213: twenty tabs that rotate and write at once lose nothing", async t => {
    const { clock, manager: make } = await trial(t)
    const manager = make(OPTIONS)
    const first = await begin(manager)
    clock.advance(10 * MINUTE)
    const tabs = await Promise.all(times(20, () => manager.open(first)))
    await Promise.all(tabs.map((tab, index) => tab.set(`tab${index}`, index).save()))
    const issued = tabs.filter(tab => deliveryOf(tab)).map(tokenOf)
    assert.equal(issued.length, 1)
    assert.equal((await manager.open(issued[0])).keys().length, 21)
  })

  it("es#923: requests in parallel with a rotation go on, with the old secret and with the new", async t => {
    const { clock, manager: make } = await trial(t)
    const manager = make(OPTIONS)
    const first = await begin(manager, { a: 1 })
    clock.advance(10 * MINUTE)
    const slow = await manager.open(first)
    const second = await request(manager, first)
    await slow.set("slow", true).save()
    assert.equal(await storedValue(manager, second, "slow"), true)
    assert.equal(deliveryOf(slow), undefined)
  })

  it("does not rotate when the client can no longer be told, and does so at the next request", async t => {
    const { clock, manager: make } = await trial(t)
    const manager = make(OPTIONS)
    const first = await begin(manager)
    clock.advance(10 * MINUTE)
    const exchange = { canIssue: false, canCommit: true, changed() {}, client: () => ({}) }
    const streaming = await manager.open(first, { exchange })
    await streaming.set("a", 2).save()
    assert.equal(deliveryOf(streaming), undefined)
    assert.equal(await storedValue(manager, first, "a"), 2)
    assert.notEqual(await request(manager, first), first)
  })

  it("rotates in the same change that stores the request's data", async t => {
    const { clock, tapped, tappedManager } = await trial(t)
    const manager = tappedManager(OPTIONS)
    const first = await begin(manager)
    clock.advance(10 * MINUTE)
    const session = await manager.open(first)
    tapped.applies.length = 0
    await session.set("a", 2).save()
    await settled()
    assert.deepEqual(
      tapped.changes.filter(({ kind }) => kind !== "touch").map(({ kind }) => kind),
      ["rotate"],
    )
    assert.equal(await storedValue(manager, tokenOf(session), "a"), 2)
  })

  it("tells the cause of each new secret", async t => {
    const { clock, manager: make } = await trial(t)
    const manager = make(OPTIONS)
    const causes: string[] = []
    manager.on("rotated", ({ cause }) => causes.push(cause))
    const session = await manager.open(await begin(manager))
    await session.login("anna")
    await session.rotate()
    clock.advance(10 * MINUTE)
    await request(manager, tokenOf(session))
    assert.deepEqual(causes, ["privilege", "privilege", "periodic"])
  })
})
