import assert from "node:assert/strict"
import { describe, it } from "node:test"
import type { SessionStore } from "../../src/contract/index.ts"
import { SessionManager } from "../../src/core/manager.ts"
import { createMemoryStore } from "../../src/stores/memory/index.ts"
import { stores } from "../promises/stores.ts"
import { begin, code, logIn, opens, times, trial } from "../promises/trial.ts"

const idOf = (token: string): string => token.slice(0, 22)

for (const kind of stores) {
  describe(`administration, on ${kind.name}`, () => {
    it("lists a user's live sessions as a list of devices shows them, oldest login first", async t => {
      const { clock, manager: make } = await trial(t, kind)
      const manager = make()
      const client = { address: "192.0.2.1", userAgent: "Firefox" }
      const laptop = await manager.open(undefined, { client })
      await laptop.login("anna", { methods: ["pwd", "otp"], label: "Anna's laptop" })
      const loggedInAt = clock.now()
      clock.advance(1_000)
      const phone = await logIn(manager, "anna")
      await logIn(manager, "bob")
      const [first, second, ...rest] = await manager.list("anna")
      assert.deepEqual(first, {
        id: laptop.id,
        userId: "anna",
        authenticatedAt: loggedInAt,
        methods: [
          { name: "pwd", at: loggedInAt },
          { name: "otp", at: loggedInAt },
        ],
        assurance: undefined,
        createdAt: loggedInAt,
        lastSeenAt: loggedInAt,
        expiresAt: loggedInAt + 3_600_000,
        absoluteExpiresAt: loggedInAt + 86_400_000,
        persistent: false,
        client: { ...client, label: "Anna's laptop" },
      })
      assert.equal(second?.id, idOf(phone))
      assert.deepEqual(rest, [])
      assert.deepEqual(await manager.list("nobody"), [])
    })

    it("counts a user's sessions, all sessions, and the users who were here lately", async t => {
      const { clock, manager: make } = await trial(t, kind)
      const manager = make()
      const annas = [await logIn(manager, "anna"), await logIn(manager, "anna")]
      await logIn(manager, "bob")
      await begin(manager)
      assert.deepEqual([await manager.countOf("anna"), await manager.countOf("nobody")], [2, 0])
      assert.equal(await manager.countLive(), 4)
      assert.equal(await manager.countOnline({ within: "5m" }), 2)
      clock.advance(300_001)
      assert.equal(await manager.countOnline({ within: "5m" }), 0)
      await manager.open(annas[0])
      assert.equal(await manager.countOnline({ within: "5m" }), 1)
    })

    it("revokes one session by its id, and tells whether it was live", async t => {
      const manager = (await trial(t, kind)).manager()
      const [token, other] = [await logIn(manager, "anna"), await logIn(manager, "anna")]
      assert.equal(await manager.revoke(idOf(token)), true)
      assert.equal(await manager.revoke(idOf(token)), false)
      assert.deepEqual([await opens(manager, token), await opens(manager, other)], [false, true])
    })

    it("revokes all sessions of a user, or all but one, and tells which", async t => {
      const manager = (await trial(t, kind)).manager()
      const annas = await Promise.all(times(3, () => logIn(manager, "anna")))
      const bobs = await logIn(manager, "bob")
      const [kept = "", ...ended] = annas
      const revoked = await manager.revokeUser("anna", { except: idOf(kept) })
      assert.deepEqual([...revoked].sort(), ended.map(idOf).sort())
      assert.deepEqual(await Promise.all(annas.map(token => opens(manager, token))), [true, false, false])
      assert.deepEqual(await manager.revokeUser("anna"), [idOf(kept)])
      assert.deepEqual(await manager.revokeUser("anna"), [])
      assert.equal(await opens(manager, bobs), true)
    })

    it("revokeOthers() ends the user's other sessions and keeps the one at hand", async t => {
      const manager = (await trial(t, kind)).manager()
      const tokens = await Promise.all(times(3, () => logIn(manager, "anna")))
      const bobs = await logIn(manager, "bob")
      const session = await manager.open(tokens[0])
      assert.equal(await session.revokeOthers(), 2)
      assert.deepEqual(await Promise.all(tokens.map(token => opens(manager, token))), [true, false, false])
      assert.equal(await opens(manager, bobs), true)
      assert.equal(await (await manager.open(await begin(manager))).revokeOthers(), 0)
    })

    it("revokes every session, and tells how many there were", async t => {
      const manager = (await trial(t, kind)).manager()
      const tokens = [await logIn(manager, "anna"), await logIn(manager, "bob"), await begin(manager)]
      assert.equal(await manager.revokeAll(), 3)
      assert.equal(await manager.countLive(), 0)
      for (const token of tokens) assert.equal(await opens(manager, token), false)
      assert.equal(await opens(manager, await begin(manager)), true)
    })
  })
}

describe("administration", () => {
  it("finds nothing under what is no id, without asking the store", async t => {
    const { tapped, tappedManager } = await trial(t)
    const manager = tappedManager()
    for (const text of ["", "../../etc/passwd", "A".repeat(23), "é".repeat(22)]) {
      assert.equal(await manager.find(text), undefined)
      assert.equal(await manager.revoke(text), false)
    }
    assert.deepEqual([tapped.finds, tapped.applies], [[], []])
  })

  it("needs a store that can do it, and says so with ERR_SESSION_UNSUPPORTED", async () => {
    const plain: SessionStore = {
      find: async ids => ids.map(() => undefined),
      apply: async changes => changes.map(() => ({ kind: "gone" })),
      sweep: async () => [],
      close: async () => undefined,
    }
    await using manager = new SessionManager(plain, { sweepInterval: false })
    const calls = [
      () => manager.list("anna"),
      () => manager.countOf("anna"),
      () => manager.revokeUser("anna"),
      () => manager.revokeExternal("idp#1"),
      () => manager.revokeAll(),
      () => manager.countLive(),
      () => manager.countOnline({ within: "5m" }),
    ]
    for (const call of calls) await assert.rejects(call, code("ERR_SESSION_UNSUPPORTED"))
    assert.throws(() => new SessionManager(plain, { maxSessionsPerUser: 1 }), code("ERR_SESSION_UNSUPPORTED"))
  })
})

it("revokeAll() tells how many it ended, and of no single one", async t => {
  const manager = (await trial(t)).manager()
  await logIn(manager, "anna")
  await begin(manager)
  const told: unknown[] = []
  manager.on("revokedAll", event => told.push(event))
  manager.on("revoked", event => told.push(event))
  await manager.revokeAll()
  assert.deepEqual(told, [{ count: 2 }])
})

describe("revokeExternal()", () => {
  it("ends all sessions that came from one of the provider's, tells each, and no other", async t => {
    const { clock } = await trial(t)
    await using manager = new SessionManager(createMemoryStore(), { now: clock.now, sweepInterval: false })
    const made = async (externalId?: string) => {
      const session = await manager.open(undefined)
      await session.login("anna", externalId === undefined ? {} : { externalId })
      return session.id
    }
    const ended = [await made("idp#1"), await made("idp#1")].sort()
    const kept = [await made("idp#2"), await made()]
    const told: string[] = []
    manager.on("revoked", ({ id, reason }) => told.push(`${id} ${reason}`))
    assert.deepEqual([...(await manager.revokeExternal("idp#1"))].sort(), ended)
    assert.deepEqual(
      told.sort(),
      ended.map(id => `${id} revoked`),
    )
    const left = (await manager.list("anna")).map(({ id }) => id)
    assert.deepEqual(left.sort(), kept.sort())
    assert.deepEqual(await manager.revokeExternal("idp#1"), [])
  })

  it("goes by the session that the last login of the user named; a step-up without one keeps it", async t => {
    const { clock } = await trial(t)
    await using manager = new SessionManager(createMemoryStore(), { now: clock.now, sweepInterval: false })
    const session = await manager.open(undefined)
    await session.login("anna", { externalId: "idp#1" })
    await session.login("anna", { externalId: "idp#2" })
    await session.stepUp({ methods: ["otp"] })
    assert.deepEqual(await manager.revokeExternal("idp#1"), [])
    assert.deepEqual(await manager.revokeExternal("idp#2"), [session.id])
  })

  it("takes a text of 1 to 1,024 characters", async () => {
    await using manager = new SessionManager(createMemoryStore(), { sweepInterval: false })
    for (const text of ["", "x".repeat(1_025)])
      await assert.rejects(manager.revokeExternal(text), code("ERR_SESSION_INVALID_ARGUMENT"))
  })
})

it("revoke() with a user's id ends no session of another user, nor an anonymous one", async t => {
  const manager = (await trial(t)).manager()
  const session = await manager.open(undefined)
  await session.login("anna")
  const anonymous = await manager.open(undefined)
  await anonymous.set("a", 1).save()
  assert.equal(await manager.revoke(session.id, { userId: "bert" }), false)
  assert.equal(await manager.revoke(anonymous.id, { userId: "bert" }), false)
  assert.equal(await manager.countLive(), 2)
  assert.equal(await manager.revoke(session.id, { userId: "anna" }), true)
})
