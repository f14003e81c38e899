import assert from "node:assert/strict"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, it } from "node:test"
import { setImmediate } from "node:timers/promises"
import { openStore } from "../../../src/index.ts"
import { ManualClock } from "../../../src/testing/index.ts"
import { code, deliveryOf, tokenOf } from "../../promises/trial.ts"
import { ADAPTERS } from "./adapters.ts"
import { Jar } from "./jar.ts"

import { HOUR, login, open, opens, trial, userOf } from "./revocation-trial.ts"

for (const [adapter, start] of Object.entries(ADAPTERS)) {
  describe(`sealed sessions with a revocation list, served by ${adapter}`, () => {
    it("G2: a copied cookie opens nothing after the logout", async t => {
      const sessions = trial(t).node({ cookie: { secure: false } })
      await using served = await start(sessions, [], async (session, path) => {
        if (path === "/login") await session.login("anna")
        if (path === "/logout") await session.logout()
        return String(session.userId)
      })
      const get = async (jar: Jar, path: string) =>
        await jar.take(await fetch(served.origin + path, { headers: { cookie: jar.header } })).text()
      const jar = new Jar()
      assert.equal(await get(jar, "/login"), "anna")
      const copy = jar.copy()
      assert.equal(await get(copy, "/"), "anna")
      await get(jar, "/logout")
      assert.deepEqual([...jar.cookies], [])
      assert.equal(await get(copy, "/"), "undefined")
    })
  })
}

describe("sealed sessions with a revocation list", () => {
  it("G4: are ended on every node that shares the list, from the moment the revocation has resolved", async t => {
    const { node } = trial(t)
    const [here, there] = [node(), node()]
    const session = await login(here)
    const token = tokenOf(session)
    assert.equal(await userOf(there, token), "anna")
    await there.revoke(session.id)
    assert.equal(await userOf(here, token), undefined)
    assert.equal(await userOf(there, token), undefined)
    const other = await login(here)
    const copy = tokenOf(other)
    await other.revoke()
    assert.equal(await opens(there, copy), false)
  })

  it("G4: share a list in one SQLite file between two managers with connections of their own", async t => {
    const place = await mkdtemp(join(tmpdir(), "sojourn-"))
    t.after(() => rm(place, { recursive: true, force: true }))
    const clock = new ManualClock()
    const { node } = trial(t)
    const opened = async () =>
      node({ revocations: await openStore(`sqlite:${join(place, "ended.db")}`, { now: clock.now }) })
    const [here, there] = [await opened(), await opened()]
    const [first, second] = [await login(here), await login(here)]
    await here.revoke(first.id)
    assert.equal(await userOf(there, tokenOf(first)), undefined)
    assert.equal(await userOf(there, tokenOf(second)), "anna")
    await there.revokeUser("anna")
    assert.equal(await userOf(here, tokenOf(second)), undefined)
    assert.equal(await userOf(here, tokenOf(await login(here))), "anna")
    await here.close()
    await there.close()
  })

  it("revokeUser ends all of the user's that were sealed before, and nobody else's", async t => {
    const { clock, node } = trial(t)
    const sessions = node()
    const tokens = [tokenOf(await login(sessions)), tokenOf(await login(sessions))]
    clock.advance(HOUR / 2)
    tokens.push(tokenOf(await login(sessions)))
    const bert = tokenOf(await login(sessions, "bert"))
    await sessions.revokeUser("anna")
    for (const token of tokens) assert.equal(await userOf(sessions, token), undefined)
    assert.equal(await userOf(sessions, bert), "bert")
  })

  it("revokeUser and logins in one millisecond: what was before is ended, what comes after works at once", async t => {
    const { node } = trial(t)
    const sessions = node()
    const tokens: string[] = []
    for (let round = 0; round < 3; round++) {
      tokens.push(tokenOf(await login(sessions)), tokenOf(await login(sessions)))
      await sessions.revokeUser("anna")
      const opened = await Promise.all(tokens.map(token => userOf(sessions, token)))
      assert.ok(opened.every(user => user === undefined))
    }
    assert.equal(await userOf(sessions, tokenOf(await login(sessions))), "anna")
  })

  it("revokeUser ends sessions of nodes whose clocks are up to a minute ahead, and lets those in that are behind", async t => {
    const { clock, node } = trial(t)
    const ahead = node({ now: () => clock.now() + 59_000 })
    const behind = node({ now: () => clock.now() - 59_000 })
    const before = tokenOf(await login(ahead))
    await node().revokeUser("anna")
    assert.equal(await userOf(ahead, before), undefined)
    const after = tokenOf(await login(behind))
    for (const each of [ahead, node(), behind]) assert.equal(await userOf(each, after), "anna")
  })

  it("revokeUser spares one session, but not one that was ended before", async t => {
    const { node } = trial(t)
    const sessions = node()
    const [first, second] = [await login(sessions), await login(sessions)]
    await sessions.revokeUser("anna", { except: second.id })
    await sessions.revokeUser("anna", { except: first.id })
    assert.equal(await userOf(sessions, tokenOf(first)), undefined)
    assert.equal(await userOf(sessions, tokenOf(second)), undefined)
  })

  it("revokeOthers leaves this one alone, whose number nobody knows", async t => {
    const { node } = trial(t)
    const sessions = node()
    const [other, own] = [await login(sessions), await login(sessions)]
    assert.ok(Number.isNaN(await own.revokeOthers()))
    assert.equal(await userOf(sessions, tokenOf(other)), undefined)
    assert.equal(await userOf(sessions, tokenOf(own)), "anna")
    assert.equal(await (await open(sessions, undefined)).revokeOthers(), 0)
  })

  it("concurrent revocations of one user all hold, the first ones and later ones", async t => {
    const { list, node } = trial(t)
    const sessions = node()
    list.beforeApply = async () => void (await setImmediate())
    for (let round = 0; round < 3; round++) {
      const made = await Promise.all(Array.from({ length: 6 }, () => login(sessions)))
      await Promise.all(made.map(({ id }) => node().revokeUser("anna", { except: id })))
      for (const session of made) assert.equal(await userOf(sessions, tokenOf(session)), undefined)
    }
  })

  it("G2: nothing that a request does after the revocation brings its session back", async t => {
    const { node } = trial(t)
    const sessions = node()
    const token = tokenOf(await login(sessions))
    const slow = await Promise.all(Array.from({ length: 5 }, () => open(sessions, token)))
    const [stepping, rotating, setting, reloading, longer] = slow
    await sessions.revokeUser("anna")
    await assert.rejects(async () => stepping?.stepUp({ methods: ["otp"] }), code("ERR_SESSION_GONE"))
    await assert.rejects(async () => rotating?.rotate(), code("ERR_SESSION_GONE"))
    await assert.rejects(async () => reloading?.reload(), code("ERR_SESSION_GONE"))
    setting?.set("late", true)
    longer?.setLifetime({ absoluteTimeout: "4h" })
    for (const session of [setting, longer]) {
      await session?.save()
      assert.ok(session)
      assert.equal(await opens(sessions, tokenOf(session)), false)
    }
  })

  it("G2: a step-up that began before the revocation, and is sealed after it, opens nothing", async t => {
    const { clock, list, node } = trial(t)
    const sessions = node()
    const slow = await open(sessions, tokenOf(await login(sessions)))
    let release = () => {}
    list.afterFind = () => new Promise(resolve => (release = resolve))
    const stepped = slow.stepUp({ methods: ["otp"] })
    await setImmediate()
    list.afterFind = () => undefined
    await node().revokeUser("anna")
    clock.advance(HOUR / 2)
    release()
    await stepped
    assert.equal(await userOf(sessions, tokenOf(slow)), undefined)
  })

  it("a login on a session that has ended meanwhile begins a new one, without its data", async t => {
    const { node } = trial(t)
    const sessions = node()
    const first = await login(sessions)
    first.set("cart", "tea")
    await first.save()
    const late = await open(sessions, tokenOf(first))
    await first.logout()
    late.set("next", "/account")
    await late.login("anna")
    assert.notEqual(late.id, first.id)
    const opened = await open(sessions, tokenOf(late))
    assert.deepEqual([opened.userId, opened.get("cart"), opened.get("next")], ["anna", undefined, "/account"])
  })

  it("G3: a login begins a session of its own, later than all that was ended, and takes the visitor's data along", async t => {
    const { clock, node } = trial(t)
    const sessions = node()
    const visitor = await open(sessions, undefined)
    visitor.set("cart", "tea")
    await visitor.save()
    const token = tokenOf(visitor)
    clock.advance(1_000)
    await sessions.revokeUser("anna")
    const returned = await open(sessions, token)
    await returned.login("anna")
    const opened = await open(sessions, tokenOf(returned))
    assert.deepEqual([opened.userId, opened.get("cart")], ["anna", "tea"])
    assert.notEqual(opened.id, visitor.id)
    assert.equal(await userOf(sessions, token), undefined)
  })

  it("another user's login, and a changed stamp, end the session for good", async t => {
    const { node } = trial(t)
    const sessions = node()
    const anna = await login(sessions)
    const token = tokenOf(anna)
    await anna.login("bert")
    assert.equal(await userOf(sessions, token), undefined)
    const stamped = await open(sessions, undefined)
    await stamped.login("carl", { stamp: "1" })
    const copy = tokenOf(stamped)
    assert.equal(await stamped.verifyStamp("2"), false)
    assert.equal(await userOf(sessions, copy), undefined)
  })

  it("a login of the same user keeps what was proved before", async t => {
    const { node } = trial(t)
    const session = await login(node())
    const { id } = session
    await session.login("anna", { methods: ["otp"], stamp: "1" })
    await session.login("anna", { methods: ["pwd"] })
    assert.deepEqual(
      session.info?.methods.map(({ name }) => name),
      ["otp", "pwd"],
    )
    assert.deepEqual([session.id, session.hasStamp("1")], [id, true])
  })

  it("the cookie of one that has ended is left alone, as a login may have replaced it", async t => {
    const { node } = trial(t)
    const sessions = node()
    const session = await login(sessions)
    const refused: unknown[] = []
    sessions.on("refused", event => refused.push(event))
    await sessions.revoke(session.id)
    const opened = await open(sessions, tokenOf(session))
    assert.equal(deliveryOf(opened), undefined)
    assert.deepEqual(refused, [{ reason: "unknown", id: session.id }])
  })

  it("tell of each session that is ended by its id, once", async t => {
    const { node } = trial(t)
    const sessions = node()
    const session = await login(sessions)
    const { id } = session
    const copy = await open(sessions, tokenOf(session))
    const told: unknown[] = []
    sessions.on("revoked", event => told.push(event))
    await session.logout()
    await copy.logout()
    await sessions.revoke(id)
    await sessions.revoke("no id")
    assert.deepEqual(told, [{ id, userId: "anna", reason: "logout" }])
  })
})
