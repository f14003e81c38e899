import assert from "node:assert/strict"
import { describe, it } from "node:test"
import type { SessionManager } from "../../src/core/manager.ts"
import type { Session } from "../../src/core/session.ts"
import { storesAndNearCaches } from "./stores.ts"
import { begin, code, deliveryOf, logIn, opens, secretOf, storedValue, tokenOf, trial } from "./trial.ts"

const INVENTED = `${"A".repeat(22)}.${"B".repeat(43)}`

const privilegeChanges: Readonly<Record<string, (session: Session) => Promise<void>>> = {
  "the first login": session => session.login("anna"),
  "rotate()": session => session.rotate(),
}

for (const kind of storesAndNearCaches) {
  describe(`no fixation, on ${kind.name}`, () => {
    it("G3: an id that the server did not issue is never adopted: what is set goes into another session", async t => {
      const { manager: make, store } = await trial(t, kind)
      const manager = make()
      const session = await manager.open(INVENTED)
      assert.equal(session.isStored, false)
      await session.set("a", 1).save()
      assert.notEqual(session.id, INVENTED.slice(0, 22))
      assert.notEqual(secretOf(tokenOf(session)), secretOf(INVENTED))
      assert.equal(await store.countLive(), 1)
      assert.equal(await opens(manager, INVENTED), false)
    })

    it("G3: a right id with a wrong secret opens nothing, and what is set does not reach that session", async t => {
      const manager = (await trial(t, kind)).manager()
      const token = await begin(manager, { a: "victim's" })
      const forged = token.slice(0, 23) + secretOf(INVENTED)
      const session = await manager.open(forged)
      assert.equal(session.isStored, false)
      assert.equal(session.get("a"), undefined)
      await session.set("a", "attacker's").save()
      assert.notEqual(session.id, token.slice(0, 22))
      assert.equal(await storedValue(manager, token, "a"), "victim's")
    })

    for (const [name, change] of Object.entries(privilegeChanges)) {
      it(`G3: ${name} keeps the id and the data, issues a new secret, and the old token is dead at once`, async t => {
        const manager = (await trial(t, kind)).manager({ rotationGrace: "1h" })
        const old = await begin(manager, { cart: [1, 2] })
        const session = await manager.open(old)
        await change(session)
        const token = tokenOf(session)
        assert.equal(token.slice(0, 22), old.slice(0, 22))
        assert.notEqual(secretOf(token), secretOf(old))
        assert.equal(await opens(manager, old), false)
        assert.deepEqual(await storedValue(manager, token, "cart"), [1, 2])
      })

      it(`G3: a write gathered before ${name} by another request is refused with ERR_SESSION_CONFLICT`, async t => {
        const manager = (await trial(t, kind)).manager()
        const old = await begin(manager, { role: "guest" })
        const [pending, changing] = [await manager.open(old), await manager.open(old)]
        pending.set("role", "attacker's")
        await change(changing)
        await assert.rejects(pending.save(), code("ERR_SESSION_CONFLICT"))
        assert.equal(await storedValue(manager, tokenOf(changing), "role"), "guest")
      })
    }

    it("G3: a second login of the same user ends the secret of the first at once", async t => {
      const manager = (await trial(t, kind)).manager()
      const first = await logIn(manager, "anna")
      const session = await manager.open(first)
      await session.login("anna", { methods: ["pwd", "otp"] })
      assert.equal(await opens(manager, first), false)
      const { info } = await manager.open(tokenOf(session))
      assert.deepEqual(
        info?.methods.map(({ name }) => name),
        ["pwd", "otp"],
      )
    })

    it("G3: the login of another user begins empty under a new id, and the former session is revoked", async t => {
      const manager = (await trial(t, kind)).manager()
      const annas = await logIn(manager, "anna", { secret: "anna's" })
      const session = await manager.open(annas)
      session.set("unsaved", "anna's")
      await session.login("bob")
      assert.deepEqual([session.userId, session.keys()], ["bob", []])
      assert.notEqual(session.id, annas.slice(0, 22))
      assert.equal(await opens(manager, annas), false)
      assert.equal(await manager.countOf("anna"), 0)
      assert.equal(await manager.countOf("bob"), 1)
    })

    it("G3: of two logins racing on one anonymous session each has a secret of its own, and the old token is dead", async t => {
      const manager = (await trial(t, kind)).manager()
      const old = await begin(manager, { cart: 1 })
      const [annas, bobs] = [await manager.open(old), await manager.open(old)]
      await Promise.all([annas.login("anna"), bobs.login("bob")])
      assert.notEqual(annas.id, bobs.id)
      assert.equal(await opens(manager, old), false)
      assert.equal((await manager.open(tokenOf(annas))).userId, "anna")
      assert.equal((await manager.open(tokenOf(bobs))).userId, "bob")
      assert.equal(await storedValue(manager, tokenOf(bobs), "cart"), 1)
    })
  })
}

describe("no fixation", () => {
  it("G3: a login that meets a periodic rotation still ends every former secret of its session", async t => {
    const { clock, manager: make, store } = await trial(t)
    const manager = make({ rotateEvery: "1m" })
    const first = await logIn(manager, "anna", { cart: 1 })
    const stepUp = await manager.open(first)
    const second = await rotatedInAnotherTab(manager, first, () => clock.advance(60_000))
    await stepUp.login("anna", { methods: ["pwd", "otp"] })
    assert.equal(await opens(manager, first), false)
    assert.equal(await opens(manager, second), false)
    assert.equal(await storedValue(manager, tokenOf(stepUp), "cart"), 1)
    assert.equal(await store.countLive(), 1)
  })

  it("G3: rotate() that meets a periodic rotation is no conflict, and ends every former secret", async t => {
    const { clock, manager: make } = await trial(t)
    const manager = make({ rotateEvery: "1m" })
    const first = await logIn(manager, "anna")
    const session = await manager.open(first)
    const second = await rotatedInAnotherTab(manager, first, () => clock.advance(60_000))
    await session.rotate()
    assert.deepEqual([await opens(manager, first), await opens(manager, second)], [false, false])
    assert.equal(await opens(manager, tokenOf(session)), true)
  })

  it("G3: rotate() after another request's login is refused with ERR_SESSION_CONFLICT", async t => {
    const manager = (await trial(t)).manager()
    const old = await begin(manager)
    const [late, first] = [await manager.open(old), await manager.open(old)]
    await first.login("anna")
    await assert.rejects(late.rotate(), code("ERR_SESSION_CONFLICT"))
    assert.equal(deliveryOf(late), undefined)
  })

  it("G3: every refused token is observable, and the event carries no secret", async t => {
    const manager = (await trial(t)).manager()
    const token = await begin(manager)
    const seen: unknown[] = []
    manager.on("refused", event => seen.push(event))
    const forged = token.slice(0, 23) + secretOf(INVENTED)
    for (const text of ["no token", INVENTED, forged]) await manager.open(text)
    assert.deepEqual(seen, [
      { reason: "malformed", id: undefined },
      { reason: "unknown", id: INVENTED.slice(0, 22) },
      { reason: "secret", id: token.slice(0, 22) },
    ])
  })
})

/** The token after another request with this one was the first when a rotation was due. */
async function rotatedInAnotherTab(
  manager: SessionManager,
  token: string,
  wait: () => void,
): Promise<string> {
  wait()
  const tab = await manager.open(token)
  await tab.save()
  return tokenOf(tab)
}
