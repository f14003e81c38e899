import assert from "node:assert/strict"
import { describe, it } from "node:test"
import type { SessionStore } from "../../../src/contract/store.ts"
import type { Session } from "../../../src/core/session.ts"
import { RevocableSealedSessions, SealedSessions, Sessions } from "../../../src/index.ts"
import { hanging, unreachable } from "../../promises/tapped-store.ts"
import { code, deliveryOf, tokenOf } from "../../promises/trial.ts"
import { ReferenceStore } from "../../testing/reference-store.ts"

import { HOUR, key, login, open, opens, trial, userOf } from "./revocation-trial.ts"

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
    const session: Session = plain.open(undefined)
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
