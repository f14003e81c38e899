import assert from "node:assert/strict"
import { describe, it } from "node:test"
import type { SessionManager } from "../../src/core/manager.ts"
import type { Session } from "../../src/core/session.ts"
import { storesAndNearCaches } from "./stores.ts"
import { hanging, type TappedStore, unreachable } from "./tapped-store.ts"
import { begin, code, deliveryOf, logIn, opens, storedValue, times, trial } from "./trial.ts"

const DEADLINE = 40
/** What a busy machine may need beyond the deadline; far below twice as long a wait for each of the queued. */
const SLACK = 400

const TIMEOUT = code("ERR_SESSION_STORE_TIMEOUT")
const UNAVAILABLE = code("ERR_SESSION_STORE_UNAVAILABLE")

const hang = (store: TappedStore): void => {
  store.beforeFind = hanging
  store.beforeApply = hanging
  store.beforeIndex = hanging
  store.beforeSweep = hanging
}

const fail = (store: TappedStore): void => {
  store.beforeFind = unreachable
  store.beforeApply = unreachable
  store.beforeIndex = unreachable
  store.beforeSweep = unreachable
}

const heal = (store: TappedStore): void => {
  store.beforeFind = store.beforeApply = store.beforeIndex = store.beforeSweep = () => undefined
}

/** How long it took to be rejected with this, in milliseconds. */
async function rejectedAfter(call: () => unknown, error: { readonly code: string }): Promise<number> {
  const begun = performance.now()
  await assert.rejects(async () => await call(), error)
  return performance.now() - begun
}

type Call = (manager: SessionManager, session: Session, token: string) => unknown

const calls: Readonly<Record<string, Call>> = {
  "open()": (manager, _, token) => manager.open(token),
  "load()": async (manager, _, token) => (await manager.open(token, { lazy: true })).load(),
  "save()": (_, session) => session.set("a", 2).save(),
  "update()": (_, session) => session.update("a", () => 2),
  "take()": (_, session) => session.take("a"),
  "login()": (_, session) => session.login("anna"),
  "rotate()": (_, session) => session.rotate(),
  "logout()": (_, session) => session.logout(),
  "revokeOthers()": (_, session) => session.revokeOthers(),
  "find()": (manager, session) => manager.find(session.id),
  "list()": manager => manager.list("anna"),
  "countOf()": manager => manager.countOf("anna"),
  "manager.revoke()": (manager, session) => manager.revoke(session.id),
  "revokeUser()": manager => manager.revokeUser("anna"),
  "sweep()": manager => manager.sweep(),
}

describe("fail closed, never hang", () => {
  for (const [name, call] of Object.entries(calls)) {
    it(`G12: ${name} on a store that hangs rejects with ERR_SESSION_STORE_TIMEOUT at its deadline`, async t => {
      const { tapped, tappedManager } = await trial(t)
      const manager = tappedManager({ storeTimeout: DEADLINE, maxSessionsPerUser: 9, onUserLimit: "refuse" })
      const token = await logIn(manager, "anna", { a: 1 })
      const session = await manager.open(token)
      hang(tapped)
      const waited = await rejectedAfter(() => call(manager, session, token), TIMEOUT)
      assert.ok(waited >= DEADLINE - 2 && waited < DEADLINE + SLACK, `it took ${waited} ms`)
      heal(tapped)
      assert.equal(await opens(manager, token), true)
    })

    it(`G12: ${name} on a store that fails rejects with ERR_SESSION_STORE_UNAVAILABLE and the cause`, async t => {
      const { tapped, tappedManager } = await trial(t)
      const manager = tappedManager({ maxSessionsPerUser: 9, onUserLimit: "refuse" })
      const token = await logIn(manager, "anna", { a: 1 })
      const session = await manager.open(token)
      fail(tapped)
      await assert.rejects(
        async () => await call(manager, session, token),
        (error: Error & { code: string }) => {
          assert.equal(error.code, "ERR_SESSION_STORE_UNAVAILABLE")
          assert.match(String(error.cause), /connection refused/)
          return true
        },
      )
    })
  }

  it("G12: of 2,000 requests that queue for a store that hangs, none waits longer than the deadline", async t => {
    const { tapped, tappedManager } = await trial(t)
    const manager = tappedManager({ storeTimeout: 200 })
    const token = await begin(manager)
    hang(tapped)
    const waits = await Promise.all(times(2_000, () => rejectedAfter(() => manager.open(token), TIMEOUT)))
    assert.ok(Math.max(...waits) < 200 + SLACK, `the longest took ${Math.max(...waits)} ms`)
  })

  it("G12: updates of one session that wait in line for a store that hangs are told together", async t => {
    const { tapped, tappedManager } = await trial(t)
    const manager = tappedManager({ storeTimeout: DEADLINE })
    const token = await begin(manager)
    const sessions = await Promise.all(times(50, () => manager.open(token)))
    hang(tapped)
    const increments = sessions.map(session => rejectedAfter(() => session.update("n", () => 1), TIMEOUT))
    const waits = await Promise.all(increments)
    assert.ok(Math.max(...waits) < DEADLINE + SLACK, `the longest took ${Math.max(...waits)} ms`)
    heal(tapped)
    assert.equal(await sessions[0]?.update("n", () => 1), 1)
  })

  it("G12: a store that answers too little is faulty, and nobody waits for what is missing", async t => {
    const { tapped, tappedManager } = await trial(t)
    const manager = tappedManager()
    const token = await begin(manager)
    const session = await manager.open(token)
    tapped.find = async () => []
    tapped.apply = async () => []
    await assert.rejects(async () => await manager.open(token), UNAVAILABLE)
    await assert.rejects(session.set("a", 2).save(), UNAVAILABLE)
  })

  it("G12: the store is told by its signal that nobody waits any more", async t => {
    const { tapped, tappedManager } = await trial(t)
    const manager = tappedManager({ storeTimeout: DEADLINE })
    const token = await begin(manager)
    let reason: unknown
    tapped.find = (_, signal) =>
      new Promise((_, reject) => {
        signal?.addEventListener("abort", () => {
          reason = signal.reason
          reject(signal.reason)
        })
      })
    await assert.rejects(async () => await manager.open(token), TIMEOUT)
    assert.equal((reason as { code?: string }).code, "ERR_SESSION_STORE_TIMEOUT")
  })

  it("G12: close() of a store that hangs ends as well", async t => {
    const { tapped, tappedManager } = await trial(t)
    const manager = tappedManager({ storeTimeout: DEADLINE })
    await manager.open(await begin(manager))
    hang(tapped)
    tapped.close = () => new Promise(() => undefined)
    await assert.rejects(manager.close(), TIMEOUT)
  })
})

for (const kind of storesAndNearCaches) {
  describe(`the store fails, on ${kind.name}`, () => {
    it('G12: onStoreFailure "fail", the default, gives an error and no session', async t => {
      const { tapped, tappedManager } = await trial(t, kind)
      const token = await begin(tappedManager())
      const manager = tappedManager()
      fail(tapped)
      await assert.rejects(async () => await manager.open(token), UNAVAILABLE)
    })

    it('G12: onStoreFailure "anonymous" gives an empty session that cannot be written, and tells why', async t => {
      const { tapped, tappedManager } = await trial(t, kind)
      const token = await logIn(tappedManager(), "anna", { a: 1 })
      const manager = tappedManager({ onStoreFailure: "anonymous" })
      const failures: string[] = []
      manager.on("storeError", ({ operation }) => failures.push(operation))
      fail(tapped)
      const session = await manager.open(token)
      heal(tapped)
      assert.deepEqual([session.isStored, session.userId, session.get("a")], [false, undefined, undefined])
      assert.deepEqual(failures, ["find"])
      const writes = [
        () => session.set("a", 2),
        () => session.flash("hello"),
        () => session.setLabel("laptop"),
        () => session.setLifetime({ persistent: true }),
        () => session.update("a", () => 2),
        () => session.take("a"),
        () => session.login("bob"),
        () => session.rotate(),
        () => session.logout(),
        () => session.revoke(),
        () => session.revokeOthers(),
      ]
      for (const write of writes) await assert.rejects(async () => await write(), UNAVAILABLE)
      await session.save()
      assert.equal(deliveryOf(session), undefined, "the client keeps its token")
      assert.equal(await storedValue(manager, token, "a"), 1)
      assert.equal(await manager.countLive(), 1)
    })
  })
}

describe("the store fails", () => {
  it("G12: a lazily opened session falls back as well, and a failed load can be tried again", async t => {
    const { tapped, tappedManager } = await trial(t)
    const anonymous = tappedManager({ onStoreFailure: "anonymous" })
    const failing = tappedManager()
    const token = await begin(failing)
    const [first, second] = [
      await anonymous.open(token, { lazy: true }),
      await failing.open(token, { lazy: true }),
    ]
    fail(tapped)
    await first.load()
    assert.throws(() => first.set("a", 2), UNAVAILABLE)
    await assert.rejects(second.load(), UNAVAILABLE)
    heal(tapped)
    await second.load()
    assert.equal(second.get("a"), 1)
  })

  it("G12: an immediate store that throws is no exception to either policy", async t => {
    const { store, manager: make } = await trial(t)
    const [failing, anonymous] = [make(), make({ onStoreFailure: "anonymous" })]
    const token = await begin(failing)
    store.findNow = () => {
      throw new Error("disk failure")
    }
    await assert.rejects(async () => await failing.open(token), UNAVAILABLE)
    const session = await anonymous.open(token)
    assert.throws(() => session.set("a", 2), UNAVAILABLE)
  })

  it("G12: a store that recovers is used again at once", async t => {
    const { tapped, tappedManager } = await trial(t)
    const manager = tappedManager({ storeTimeout: DEADLINE })
    const token = await begin(manager)
    hang(tapped)
    await rejectedAfter(() => manager.open(token), TIMEOUT)
    heal(tapped)
    assert.equal(await opens(manager, token), true)
  })
})
