import assert from "node:assert/strict"
import { describe, it, type TestContext } from "node:test"
import type { SessionManager } from "../../src/core/manager.ts"
import type { Session } from "../../src/core/session.ts"
import { BOUND, Hub } from "../cache/hub.ts"
import { tokenOf } from "./trial.ts"

/** A logged-in session that both nodes have in memory. */
async function loggedIn(t: TestContext) {
  const hub = new Hub(t)
  const [here, there] = [hub.node(), hub.node()]
  const session = await here.manager.open(undefined)
  await session.login("ada")
  const token = tokenOf(session)
  assert.equal(await userAt(there.manager, token), "ada")
  return { hub, here, there, session, token }
}

const userAt = async (manager: SessionManager, token: string): Promise<string | undefined> =>
  (await manager.open(token)).userId

describe("G4: revoked means revoked, everywhere, within B", () => {
  it("G4: a logout is known to every node as soon as its notice has arrived", async t => {
    const { there, session, token } = await loggedIn(t)
    await session.logout()
    assert.equal(await userAt(there.manager, token), undefined)
  })

  it("G4: with a half-open feed another node serves it until B, and then no more", async t => {
    const { hub, there, session, token } = await loggedIn(t)
    hub.feeding = false
    await session.logout()
    hub.pass(BOUND - 1)
    assert.equal(await userAt(there.manager, token), "ada", "this is what B means")
    hub.pass(1)
    assert.equal(await userAt(there.manager, token), undefined)
  })

  it("G4: the node that revoked serves it no more at once, whatever the feed does", async t => {
    const { hub, here, session, token } = await loggedIn(t)
    hub.feeding = false
    await session.logout()
    assert.equal(await userAt(here.manager, token), undefined)
  })

  it("G4: revoking a user ends all of that user's sessions on every node", async t => {
    const { here, there, token } = await loggedIn(t)
    await here.manager.revokeUser("ada")
    assert.equal(await userAt(here.manager, token), undefined)
    assert.equal(await userAt(there.manager, token), undefined)
  })

  it("G3, G4: after a login the old secret opens nothing on another node", async t => {
    const { there, session, token } = await loggedIn(t)
    await session.login("ada")
    assert.equal(await userAt(there.manager, token), undefined)
  })

  it("G3: the new secret opens the session at once on a node that remembers the old one", async t => {
    const { hub, there, session } = await loggedIn(t)
    hub.feeding = false
    await session.login("ada")
    assert.equal(await userAt(there.manager, tokenOf(session)), "ada")
    const { reads } = there.store
    assert.equal(await userAt(there.manager, tokenOf(session)), "ada")
    assert.ok(there.store.reads - reads <= 1, "what the store said has replaced what was remembered")
  })

  it("a replay of a replaced secret is judged by the store, not by what a node remembers", async t => {
    const hub = new Hub(t)
    const options = { rotateEvery: "10m", rotationGrace: "30s" } as const
    const [here, there] = [hub.node(options), hub.node(options)]
    const thefts: string[] = []
    there.manager.on("theft", ({ id }) => thefts.push(id))
    const session: Session = await here.manager.open(undefined)
    await session.login("ada")
    const old = tokenOf(session)
    hub.pass(11 * 60_000)
    const rotating = await here.manager.open(old)
    await rotating.save()
    const renewed = tokenOf(rotating)
    assert.notEqual(renewed, old)
    await there.manager.open(renewed)
    hub.pass(31_000)
    await there.manager.open(renewed)
    assert.equal(await userAt(there.manager, old), undefined)
    assert.deepEqual(thefts, [session.id])
    await new Promise(setImmediate)
    assert.equal(await userAt(here.manager, renewed), undefined, "a stolen session is over for both")
  })

  it("G12: while the store is down sessions in memory serve until B, then the request fails", async t => {
    const { hub, there, token } = await loggedIn(t)
    there.store.down = true
    hub.feeding = false
    hub.pass(BOUND - 1)
    assert.equal(await userAt(there.manager, token), "ada")
    hub.pass(1)
    await assert.rejects(userAt(there.manager, token), { code: "ERR_SESSION_STORE_UNAVAILABLE" })
  })

  it("G7: reading what is in memory asks the store for nothing", async t => {
    const { there, token } = await loggedIn(t)
    const { reads } = there.store
    for (let request = 0; request < 50; request++) assert.equal(await userAt(there.manager, token), "ada")
    assert.equal(there.store.reads, reads)
  })

  it("a hundred concurrent requests that miss cost one read", async t => {
    const { hub, token } = await loggedIn(t)
    const fresh = hub.node()
    const users = await Promise.all(Array.from({ length: 100 }, () => userAt(fresh.manager, token)))
    assert.deepEqual(new Set(users), new Set(["ada"]))
    assert.equal(fresh.store.reads, 1)
  })

  it("a wrong secret is refused, though memory has the session", async t => {
    const { there, token } = await loggedIn(t)
    const wrong = `${token.slice(0, 23)}${"A".repeat(43)}`
    const refused: string[] = []
    there.manager.on("refused", ({ reason }) => refused.push(reason))
    assert.equal(await userAt(there.manager, wrong), undefined)
    assert.deepEqual(refused, ["secret"])
    assert.equal(await userAt(there.manager, token), "ada")
  })

  it("metrics tell what the cache and the store did", async t => {
    const { there, token } = await loggedIn(t)
    await userAt(there.manager, token)
    const { store, counters } = there.manager.metrics()
    assert.equal(store["find"]?.latency.count, 1)
    assert.equal(store["find"]?.failures, 0)
    assert.equal(counters["nearCache"]?.["hits"], 1)
    assert.equal(counters["nearCache"]?.["fills"], 1)
    assert.equal(counters["nearCache"]?.["sessions"], 1)
  })
})
