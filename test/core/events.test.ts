import assert from "node:assert/strict"
import { execFile } from "node:child_process"
import { subscribe, unsubscribe } from "node:diagnostics_channel"
import { describe, it } from "node:test"
import { promisify } from "node:util"
import type { SessionEventName } from "../../src/core/events.ts"
import { begin, logIn, tokenOf, trial } from "../promises/trial.ts"

const NAMES = [
  "created",
  "rotated",
  "revoked",
  "expired",
  "evicted",
  "theft",
  "refused",
  "storeError",
] as const

describe("events", () => {
  it("tell each step of a session's life, in order", async t => {
    const { clock, manager: make } = await trial(t)
    const manager = make()
    const told: [SessionEventName, unknown][] = []
    for (const name of NAMES) manager.on(name, event => told.push([name, event]))
    const session = await manager.open(undefined)
    await session.set("a", 1).save()
    const { id } = session
    await session.login("anna")
    await session.rotate()
    await session.logout()
    const idle = (await begin(manager)).slice(0, 22)
    clock.advance(3_600_000)
    await manager.sweep()
    assert.deepEqual(told, [
      ["created", { id, userId: undefined }],
      ["rotated", { id, userId: "anna", cause: "privilege" }],
      ["rotated", { id, userId: "anna", cause: "privilege" }],
      ["revoked", { id, userId: "anna", reason: "logout" }],
      ["created", { id: idle, userId: undefined }],
      ["expired", { id: idle }],
    ])
  })

  it("give the reason of each revocation", async t => {
    const manager = (await trial(t)).manager()
    const reasons: string[] = []
    manager.on("revoked", ({ reason, userId }) => reasons.push(`${userId} ${reason}`))
    const annas = await manager.open(await logIn(manager, "anna"))
    await annas.login("bob")
    await annas.revoke()
    await manager.revoke((await logIn(manager, "carol")).slice(0, 22))
    await logIn(manager, "dora")
    await manager.revokeUser("dora")
    await annas.logout()
    assert.deepEqual(reasons, ["anna replaced", "bob revoked", "carol revoked", "dora revoked"])
  })

  it("are published on node:diagnostics_channel as sojourn:<name>", async t => {
    const manager = (await trial(t)).manager()
    const published: unknown[] = []
    const listener = (message: unknown, name: string | symbol) => published.push([name, message])
    const names = NAMES.map(name => `sojourn:${name}`)
    for (const name of names) subscribe(name, listener)
    t.after(() => {
      for (const name of names) unsubscribe(name, listener)
    })
    const token = await logIn(manager, "anna")
    await (await manager.open(token)).logout()
    const id = token.slice(0, 22)
    assert.deepEqual(published, [
      ["sojourn:created", { id, userId: "anna" }],
      ["sojourn:revoked", { id, userId: "anna", reason: "logout" }],
    ])
  })

  it("reach every listener until it stops listening, which it may do twice", async t => {
    const manager = (await trial(t)).manager()
    const told: string[] = []
    const stop = manager.on("created", () => told.push("first"))
    manager.on("created", () => told.push("second"))
    await begin(manager)
    stop()
    stop()
    await begin(manager)
    assert.deepEqual(told, ["first", "second", "second"])
  })

  it("do not let a listener that throws into the request, nor keep others from listening: it is an uncaught exception", async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      `${import.meta.dirname}/fixtures/throwing-listener.ts`,
    ])
    assert.deepEqual(stdout.trim().split("\n"), ["other listener told", "saved", "uncaught: listener failed"])
  })

  it("of one manager are not those of another", async t => {
    const { manager } = await trial(t)
    const [one, two] = [manager(), manager()]
    let told = 0
    two.on("created", () => told++)
    await begin(one)
    assert.equal(told, 0)
    const session = await one.open(undefined)
    await session.login("anna")
    assert.equal(tokenOf(session).length, 66)
  })
})
