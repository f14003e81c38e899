import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { begin, code, logIn, tokenOf, trial } from "../promises/trial.ts"

const client = { address: "192.0.2.1", userAgent: "Firefox" }

describe("what is known of the client", () => {
  it("is stored with a new session and at each login, not at every request", async t => {
    const manager = (await trial(t)).manager()
    const session = await manager.open(undefined, { client })
    await session.set("a", 1).save()
    const moved = await manager.open(tokenOf(session), { client: { address: "192.0.2.2" } })
    await moved.set("a", 2).save()
    assert.deepEqual((await manager.find(session.id))?.client, client)
    await moved.login("anna")
    assert.deepEqual((await manager.find(session.id))?.client, { address: "192.0.2.2" })
  })

  it("has a label that setLabel() changes with the next commit, and that stays", async t => {
    const manager = (await trial(t)).manager()
    const token = await logIn(manager, "anna")
    const session = await manager.open(token, { client })
    session.setLabel("Anna's laptop")
    assert.equal((await manager.find(session.id))?.client.label, undefined)
    await session.save()
    assert.deepEqual((await manager.find(session.id))?.client, { ...client, label: "Anna's laptop" })
    const later = await manager.open(token)
    assert.equal(later.client.label, "Anna's laptop")
    await later.login("anna", { methods: ["otp"] })
    assert.equal((await manager.find(session.id))?.client.label, "Anna's laptop")
  })

  it("does not hand the label of one user's session on to the next", async t => {
    const manager = (await trial(t)).manager()
    for (const leave of ["logout", "login as bob"]) {
      const session = await manager.open(await begin(manager), { client })
      await session.login("anna", { label: "Anna's laptop" })
      if (leave === "logout") await session.logout()
      await session.login("bob")
      assert.deepEqual((await manager.find(session.id))?.client, client)
    }
  })

  it("has a label of 1 to 1,024 characters (G10)", async t => {
    const manager = (await trial(t)).manager()
    const session = await manager.open(await begin(manager))
    const long = "x".repeat(1_025)
    for (const label of ["", long]) {
      assert.throws(() => session.setLabel(label), code("ERR_SESSION_INVALID_ARGUMENT"))
      await assert.rejects(session.login("anna", { label }), code("ERR_SESSION_INVALID_ARGUMENT"))
    }
    assert.equal(session.userId, undefined)
    session.setLabel(long.slice(1))
  })

  it("forgets a label that was discarded", async t => {
    const manager = (await trial(t)).manager()
    const session = await manager.open(await begin(manager))
    session.setLabel("never mind")
    session.discard()
    await session.save()
    assert.equal((await manager.find(session.id))?.client.label, undefined)
    assert.equal(session.client.label, undefined)
  })
})
