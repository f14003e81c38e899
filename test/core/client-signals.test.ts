import assert from "node:assert/strict"
import { describe, it } from "node:test"
import type { ClientFacts } from "../../src/contract/record.ts"
import { type HijackOptions, signalsOf } from "../../src/core/client-signals.ts"
import type { SessionManager } from "../../src/core/manager.ts"
import { changesStored, code, tokenOf, trial } from "../promises/trial.ts"

const chrome = (version: string) =>
  `Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${version} Safari/537.36`
const iphone = (system: string) =>
  `Mozilla/5.0 (iPhone; CPU iPhone OS ${system} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1`
const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

const home: ClientFacts = { address: "192.0.2.7", userAgent: chrome("140.0.0.0") }
const elsewhere: ClientFacts = { address: "198.51.100.7", userAgent: firefox }

describe("signs of another client", () => {
  for (const [name, then, now, expected] of [
    ["the same", home, home, []],
    ["a newer version", home, { ...home, userAgent: chrome("141.0.7390.54") }, []],
    ["a newer system", { userAgent: iphone("17_4") }, { userAgent: iphone("17_5_1") }, []],
    ["another browser", home, { ...home, userAgent: firefox }, ["userAgent"]],
    ["another system", { userAgent: iphone("17_4") }, { userAgent: chrome("140.0.0.0") }, ["userAgent"]],
    ["no user agent any more", home, { address: "192.0.2.7" }, ["userAgent"]],
    ["no user agent at login", { address: "192.0.2.7" }, home, []],
    ["a neighbour's address", home, { ...home, address: "192.0.2.200" }, []],
    ["another network", home, { ...home, address: "192.0.3.7" }, ["address"]],
    ["another IPv6 subnet", { address: "2001:db8:1:2::1" }, { address: "2001:db8:1:ffff::9" }, []],
    ["another IPv6 site", { address: "2001:db8:1:2::1" }, { address: "2001:db8:2:2::1" }, ["address"]],
    ["the other protocol", { address: "192.0.2.7" }, { address: "2001:db8::1" }, ["address"]],
    ["an address that is not known now", { address: "192.0.2.7" }, {}, []],
    ["everything", home, elsewhere, ["userAgent", "address"]],
  ] as const) {
    it(`${name}: ${expected.join(" and ") || "none"}`, () => {
      assert.deepEqual(signalsOf(then, now), expected)
    })
  }
})

/** A session of anna's, logged in at home. */
async function loggedIn(manager: SessionManager): Promise<string> {
  const session = await manager.open(undefined, { client: home })
  await session.login("anna")
  return tokenOf(session)
}

function watched(manager: SessionManager): unknown[] {
  const events: unknown[] = []
  manager.on("hijack", ({ signal, answer, userId }) => events.push({ signal, answer, userId }))
  return events
}

describe("hijack", () => {
  it("is off by default", async t => {
    const manager = (await trial(t)).manager()
    const events = watched(manager)
    const session = await manager.open(await loggedIn(manager), { client: elsewhere })
    assert.equal(session.userId, "anna")
    assert.equal(session.challenged, false)
    assert.deepEqual(events, [])
  })

  it("observe: tells, and no more; the event has no facts of the client", async t => {
    const manager = (await trial(t)).manager({ hijack: { userAgent: "observe", address: "observe" } })
    const events = watched(manager)
    const session = await manager.open(await loggedIn(manager), { client: elsewhere })
    assert.equal(session.userId, "anna")
    assert.equal(session.challenged, false)
    assert.deepEqual(events, [
      { signal: "userAgent", answer: "observe", userId: "anna" },
      { signal: "address", answer: "observe", userId: "anna" },
    ])
  })

  it("challenge: holds for this client until it logs in anew, and never for the one at home", async t => {
    const manager = (await trial(t)).manager({ hijack: { userAgent: "challenge" } })
    const token = await loggedIn(manager)
    const session = await manager.open(token, { client: elsewhere })
    assert.equal(session.challenged, true)
    await session.update("a", () => 1)
    assert.equal(session.challenged, true, "a change of data proves nothing")
    assert.equal((await manager.open(token, { client: home })).challenged, false)
    await session.rotate()
    assert.equal(session.challenged, true, "nor does another secret")
    await session.login("anna", { methods: ["pwd"] })
    assert.equal(session.challenged, false)
    assert.equal((await manager.open(tokenOf(session), { client: elsewhere })).challenged, false)
  })

  it("challenge: stepUp proves it too", async t => {
    const manager = (await trial(t)).manager({ hijack: { userAgent: "challenge" } })
    const session = await manager.open(await loggedIn(manager), { client: elsewhere })
    await session.stepUp({ methods: ["otp"] })
    assert.equal(session.challenged, false)
    assert.equal((await manager.open(tokenOf(session), { client: elsewhere })).challenged, false)
  })

  it("challenge: a new label does not pass the client off as the one that logged in", async t => {
    const manager = (await trial(t)).manager({ hijack: { userAgent: "challenge" } })
    const token = await loggedIn(manager)
    const session = await manager.open(token, { client: elsewhere })
    session.setLabel("mine")
    await session.save()
    assert.deepEqual((await manager.find(session.id))?.client, { ...home, label: "mine" })
    assert.equal((await manager.open(token, { client: elsewhere })).challenged, true)
  })

  it("revoke: ends the session, and the request is a visitor's", async t => {
    const manager = (await trial(t)).manager({ hijack: { userAgent: "observe", address: "revoke" } })
    const reasons: string[] = []
    manager.on("revoked", ({ reason }) => reasons.push(reason))
    const token = await loggedIn(manager)
    const session = await manager.open(token, { client: elsewhere })
    assert.equal(session.isStored, false)
    assert.equal(session.userId, undefined)
    await changesStored(manager)
    assert.ok(reasons.includes("hijack"))
    assert.equal((await manager.open(token, { client: home })).isStored, false)
  })

  it("looks at a session that is loaded lazily when it is loaded", async t => {
    const manager = (await trial(t)).manager({ hijack: { address: "challenge" } })
    const session = await manager.open(await loggedIn(manager), { client: elsewhere, lazy: true })
    await session.load()
    assert.equal(session.challenged, true)
  })

  it("leaves visitors alone, and what is opened outside of a request", async t => {
    const manager = (await trial(t)).manager({ hijack: { userAgent: "revoke", address: "revoke" } })
    const visitor = await manager.open(undefined, { client: home })
    await visitor.set("a", 1).save()
    assert.equal((await manager.open(tokenOf(visitor), { client: elsewhere })).isStored, true)
    const token = await loggedIn(manager)
    assert.equal((await manager.open(token)).userId, "anna")
    const lazy = await manager.open(token, { lazy: true })
    assert.deepEqual(lazy.client, {})
    assert.equal((await lazy.load()).userId, "anna")
  })

  const misused: readonly (readonly [string, unknown, RegExp])[] = [
    ["an answer that is none", { userAgent: "ignore" }, /"observe", "challenge" or "revoke"/],
    ["a signal that is none", { country: "observe" }, /hijack has country/],
    ["no object", true, /hijack is true/],
  ]
  for (const [name, hijack, message] of misused) {
    it(`${name} is refused at the start`, async t => {
      const { manager } = await trial(t)
      assert.throws(() => manager({ hijack: hijack as HijackOptions }), {
        ...code("ERR_SESSION_CONFIG"),
        message,
      })
    })
  }
})
