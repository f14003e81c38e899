import assert from "node:assert/strict"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, it, type TestContext } from "node:test"
import { setImmediate } from "node:timers/promises"
import type { SessionStore } from "../../../src/contract/store.ts"
import type { OpenOptions } from "../../../src/core/manager.ts"
import type { Session } from "../../../src/core/session.ts"
import {
  generateKey,
  openStore,
  RevocableSealedSessions,
  type RevocableSealedSessionsOptions,
  SealedSessions,
  Sessions,
} from "../../../src/index.ts"
import { ManualClock } from "../../../src/testing/index.ts"
import { hanging, TappedStore, unreachable } from "../../promises/tapped-store.ts"
import { code, deliveryOf, tokenOf } from "../../promises/trial.ts"
import { ReferenceStore } from "../../testing/reference-store.ts"
import { ADAPTERS } from "./adapters.ts"
import { Jar } from "./jar.ts"

type Options = Partial<RevocableSealedSessionsOptions>
const key = generateKey()
const HOUR = 3_600_000

/** A list in a store that is not immediate, a clock that stands still, and nodes that share them. */
function trial(t: TestContext, startAt?: number) {
  const clock = new ManualClock(startAt)
  const store = new ReferenceStore(clock.now)
  const list = new TappedStore(store)
  const node = (options: Options = {}) => {
    const made = new RevocableSealedSessions({
      keys: [key],
      revocations: list,
      now: clock.now,
      idleTimeout: "1h",
      absoluteTimeout: "4h",
      sweepInterval: false,
      ...options,
    })
    t.after(() => made.close())
    return made
  }
  return { clock, store, list, node }
}

async function login(sessions: RevocableSealedSessions, user = "anna"): Promise<Session> {
  const session = await sessions.open(undefined)
  await session.login(user)
  return session
}

const open = async (
  sessions: RevocableSealedSessions,
  token?: string,
  options?: OpenOptions,
): Promise<Session> => await sessions.open(token, options)

const userOf = async (sessions: RevocableSealedSessions, token: string) =>
  (await open(sessions, token)).userId
const opens = async (sessions: RevocableSealedSessions, token: string) =>
  (await open(sessions, token)).isStored

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

  it("concurrent revocations of one user all hold", async t => {
    const { list, node } = trial(t)
    const sessions = node()
    const made = await Promise.all(Array.from({ length: 6 }, () => login(sessions)))
    const nodes = made.map(() => node())
    list.beforeApply = async () => void (await setImmediate())
    await Promise.all(made.map(({ id }, index) => nodes[index]?.revokeUser("anna", { except: id })))
    for (const session of made) assert.equal(await userOf(sessions, tokenOf(session)), undefined)
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
    const copy = await open(sessions, tokenOf(session))
    const told: unknown[] = []
    sessions.on("revoked", event => told.push(event))
    await session.logout()
    await copy.logout()
    await sessions.revoke(session.id)
    await sessions.revoke("no id")
    assert.deepEqual(told, [{ id: session.id, userId: "anna", reason: "logout" }])
  })
})

describe("the reads of a revocation list", () => {
  it("G8: none without a cookie, and none for what is no seal of ours", async t => {
    const { list, node } = trial(t)
    const sessions = node()
    await open(sessions, undefined)
    await open(sessions, "forged")
    await open(sessions, undefined, { lazy: true })
    assert.deepEqual(list.finds, [])
  })

  it("one call a request, for the session and its user; concurrent requests share calls", async t => {
    const { list, node } = trial(t)
    const sessions = node()
    const token = tokenOf(await login(sessions))
    list.finds.length = 0
    await open(sessions, token)
    assert.deepEqual(
      list.finds.map(ids => ids.length),
      [2],
    )
    list.finds.length = 0
    await Promise.all(Array.from({ length: 50 }, () => open(sessions, token)))
    assert.deepEqual(
      list.finds.map(ids => ids.length),
      [2, 98],
    )
    assert.deepEqual(list.applies, [])
  })

  it("no promise where the list answers from memory", async t => {
    const { clock, node } = trial(t)
    const sessions = node({ revocations: new ReferenceStore(clock.now) })
    const session = await login(sessions)
    const token = tokenOf(session)
    assert.ok(!(sessions.open(token) instanceof Promise))
    await session.logout()
    assert.equal(await userOf(sessions, token), undefined)
  })

  it("G12: fail closed: a list that is down, hangs, or answers too little opens nothing", async t => {
    const { list, node } = trial(t)
    const sessions = node({ storeTimeout: 50 })
    const token = tokenOf(await login(sessions))
    list.beforeFind = unreachable
    await assert.rejects(async () => open(sessions, token), code("ERR_SESSION_STORE_UNAVAILABLE"))
    list.beforeFind = hanging
    await assert.rejects(async () => open(sessions, token), code("ERR_SESSION_STORE_TIMEOUT"))
    const faulty: SessionStore = {
      find: async () => [],
      apply: async () => [],
      sweep: async () => [],
      close: async () => {},
    }
    await assert.rejects(
      async () => node({ revocations: faulty }).open(token),
      code("ERR_SESSION_STORE_UNAVAILABLE"),
    )
    assert.equal((await open(sessions, undefined)).userId, undefined)
  })

  it("G12: under `anonymous`, a list that is down makes a visitor of everybody, who can change nothing", async t => {
    const { list, node } = trial(t)
    const sessions = node({ onStoreFailure: "anonymous" })
    const token = tokenOf(await login(sessions))
    list.beforeFind = unreachable
    const session = await open(sessions, token)
    assert.equal(session.userId, undefined)
    assert.throws(() => session.set("a", 1), code("ERR_SESSION_STORE_UNAVAILABLE"))
    assert.equal(deliveryOf(session), undefined)
  })

  it("G6: a logout that the list has not stored is an error, and can be tried again", async t => {
    const { list, node } = trial(t)
    const sessions = node()
    const session = await login(sessions)
    const token = tokenOf(session)
    list.beforeApply = unreachable
    await assert.rejects(session.logout(), code("ERR_SESSION_STORE_UNAVAILABLE"))
    await assert.rejects(sessions.revokeUser("anna"), code("ERR_SESSION_STORE_UNAVAILABLE"))
    assert.equal(session.userId, "anna")
    list.beforeApply = () => undefined
    await session.logout()
    assert.equal(await userOf(sessions, token), undefined)
  })

  it("an entry that cannot be read opens nothing", async t => {
    const { list, store, node } = trial(t)
    const sessions = node()
    const token = tokenOf(await login(sessions))
    await sessions.revokeUser("anna")
    const id = list.finds.at(-1)?.[0] ?? ""
    const [entry] = await store.find([id])
    assert.ok(entry)
    const set = new Map([["cut", { text: "damaged" }]])
    await store.apply([{ kind: "patch", id, epoch: entry.epoch, set, unset: [] }])
    await assert.rejects(async () => open(sessions, token), code("ERR_SESSION_STORE_CORRUPT"))
  })
})

describe("what a revocation list keeps", () => {
  it("G11: is swept once nothing that it ends can be alive, and not before", async t => {
    const { clock, store, node } = trial(t)
    const sessions = node({ idleTimeout: "4h" })
    const [ended, cut] = [await login(sessions), await login(sessions, "bert")]
    clock.advance(HOUR)
    await ended.logout()
    await sessions.revokeUser("bert")
    assert.equal(await store.countLive(), 2)
    clock.advance(3 * HOUR - 1)
    assert.equal(await sessions.sweep(), 0)
    assert.equal(await userOf(sessions, tokenOf(cut)), undefined)
    clock.advance(60_001)
    assert.equal(await sessions.sweep(), 1)
    clock.advance(HOUR + 60_000)
    assert.equal(await sessions.sweep(), 1)
    assert.equal(await store.countLive(), 0)
  })

  it("opens nothing again after the sweep, though the session had lengthened its own life", async t => {
    const { clock, store, node } = trial(t)
    const sessions = node({ idleTimeout: "4h" })
    const session = await login(sessions)
    const copies = [tokenOf(session)]
    for (let hours = 0; hours < 3; hours++) {
      clock.advance(HOUR)
      session.setLifetime({ absoluteTimeout: "4h" })
      await session.save()
      copies.push(tokenOf(session))
    }
    await session.logout()
    clock.advance(HOUR + 60_000)
    await sessions.sweep()
    assert.equal(await store.countLive(), 0)
    for (const copy of copies) assert.equal(await opens(sessions, copy), false)
  })

  it("is bounded: no session may be given a life longer than `longestTimeout`", async t => {
    const { clock, node } = trial(t)
    const sessions = node({ longestTimeout: "30d" })
    const session = await open(sessions, undefined)
    await assert.rejects(
      session.login("anna", { absoluteTimeout: "31d" }),
      code("ERR_SESSION_INVALID_ARGUMENT"),
    )
    await session.login("anna", { absoluteTimeout: "30d", idleTimeout: "30d", persistent: true })
    assert.throws(() => session.setLifetime({ absoluteTimeout: "31d" }), code("ERR_SESSION_INVALID_ARGUMENT"))
    const token = tokenOf(session)
    clock.advance(29 * 24 * HOUR)
    assert.equal(await userOf(sessions, token), "anna")
    await sessions.revokeUser("anna")
    assert.equal(await userOf(sessions, token), undefined)
  })

  it("holds for sessions that were sealed under a longer life, as they live no longer than it remembers", async t => {
    const { clock, node } = trial(t)
    const plain = new SealedSessions({
      keys: [key],
      now: clock.now,
      idleTimeout: "30d",
      absoluteTimeout: "30d",
    })
    const session = plain.open(undefined)
    await session.login("anna")
    const sessions = node()
    const token = tokenOf(session)
    assert.equal(await userOf(sessions, token), "anna")
    await sessions.revoke(session.id)
    clock.advance(4 * HOUR + 120_000)
    await sessions.sweep()
    assert.equal(await userOf(sessions, token), undefined)
  })

  it("opens nothing itself, in a store that has sessions as well, and shows no user's id", async t => {
    const { clock, list, store, node } = trial(t)
    const sessions = node()
    const session = await login(sessions)
    await session.logout()
    await sessions.revokeUser("anna")
    const kept = new Sessions(store, { now: clock.now, sweepInterval: false })
    const [record] = await store.find([session.id])
    assert.equal(record?.login, undefined)
    assert.equal((await kept.open(`${session.id}.${"A".repeat(43)}`)).isStored, false)
    assert.doesNotMatch(JSON.stringify(list.applies), /anna/)
  })

  it("is told to nobody as expired sessions", async t => {
    const { clock, node } = trial(t)
    const sessions = node()
    const told: unknown[] = []
    sessions.on("expired", event => told.push(event))
    await (await login(sessions)).logout()
    clock.advance(5 * HOUR)
    assert.equal(await sessions.sweep(), 1)
    assert.deepEqual(told, [])
  })
})

describe("the options of a revocation list", () => {
  it("contradicting ones throw at the start, and say what to do", t => {
    const { list } = trial(t)
    const wrong: Record<string, object> = {
      "no store": { revocations: undefined },
      "a store's URL": { revocations: "sqlite:./ended.db" },
      "a list that forgets too early": { revocations: list, absoluteTimeout: "4h", longestTimeout: "3h" },
      "a limit per user": { revocations: list, maxSessionsPerUser: 1 },
      "a store for sessions": { revocations: list, store: list },
    }
    for (const [what, options] of Object.entries(wrong)) {
      const given = Object.assign({ keys: [key], revocations: list }, options)
      assert.throws(() => new RevocableSealedSessions(given), code("ERR_SESSION_CONFIG"), what)
    }
    const listed = Object.assign({ keys: [key] }, { revocations: list })
    assert.throws(() => new SealedSessions(listed), { message: /RevocableSealedSessions/ })
  })

  it("what takes the list compiles with it alone; what takes a session in a store, never", async t => {
    const listed = trial(t).node()
    const session = await listed.open(undefined)
    const compiled: unknown[] = [session.revoke, session.revokeOthers, listed.revoke, listed.revokeUser]
    assert.ok(compiled.every(each => typeof each === "function"))
    // @ts-expect-error of two copies of a sealed session both could take
    await assert.rejects(async () => session.take("a").then(() => Promise.reject(new TypeError())), TypeError)
    const plain = new SealedSessions({ keys: [key] })
    // @ts-expect-error without a list there is nothing to revoke by
    assert.equal(plain.revokeUser, undefined)
    // @ts-expect-error nor by the id
    assert.equal(plain.revoke, undefined)
    const request = plain.open(undefined)
    // @ts-expect-error nor the session itself
    await assert.rejects(async () => request.revoke(), code("ERR_SESSION_UNSUPPORTED"))
  })

  it("closing closes the list's store, once, and opens nothing after it", async t => {
    const { list, node } = trial(t)
    let closed = 0
    list.close = async () => void closed++
    const sessions = node()
    const token = tokenOf(await login(sessions))
    await Promise.all([sessions.close(), sessions.close()])
    assert.equal(closed, 1)
    assert.throws(() => sessions.open(token), code("ERR_SESSION_CLOSED"))
  })
})
