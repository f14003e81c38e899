import assert from "node:assert/strict"
import { describe, it } from "node:test"
import type { SessionRecord } from "../../../src/contract/index.ts"
import type { SessionManager } from "../../../src/core/manager.ts"
import {
  begin,
  changesStored,
  code,
  deliveryOf,
  logIn,
  opens,
  secretOf,
  storedValue,
  times,
  tokenOf,
  trial,
} from "../../promises/trial.ts"
import { decryptValue, readWith, recordOf, unwrap, wrapNameOf, wrapsOf } from "./attacker.ts"

const MINUTE = 60_000
const ON = { encryptAtRest: true } as const
const ROTATING = { ...ON, rotateEvery: "10m", rotationGrace: "30s" } as const

/** One request of a client: opens, commits, and gives the token that the client has afterwards. */
async function request(manager: SessionManager, token: string): Promise<string> {
  const session = await manager.open(token)
  await session.save()
  return deliveryOf(session) ? tokenOf(session) : token
}

const dataKeys = (token: string, record: SessionRecord): Map<number, Buffer> =>
  unwrap(record, Buffer.from(secretOf(token), "base64url"))

describe("encrypted data and periodic rotation", () => {
  it("G9: both secrets read and write while the previous one is good; the wrapped keys change with the secret, atomically", async t => {
    const { clock, manager: make, store, tapped, tappedManager } = await trial(t)
    const first = await begin(make(ROTATING))
    clock.advance(10 * MINUTE)
    const second = await request(tappedManager(ROTATING), first)
    const [change] = tapped.changes.filter(({ kind }) => kind === "rotate")
    assert.ok(change?.kind === "rotate" && change.set.has(wrapNameOf(second)))
    assert.deepEqual(wrapsOf(recordOf(store, first)).sort(), [wrapNameOf(first), wrapNameOf(second)].sort())
    const manager = make(ROTATING)
    const [tab, other] = [await manager.open(first), await manager.open(second)]
    await Promise.all([tab.set("tab", 1).save(), other.set("other", 2).save()])
    for (const token of [first, second]) {
      const session = await manager.open(token)
      assert.deepEqual([session.get("a"), session.get("tab"), session.get("other")], [1, 1, 2])
    }
  })

  it("G9: of many tabs that find the rotation due one rotates, and all their changes can be read", async t => {
    const { clock, manager: make } = await trial(t)
    const manager = make(ROTATING)
    const first = await begin(manager)
    clock.advance(10 * MINUTE)
    const tabs = await Promise.all(times(8, () => manager.open(first)))
    await Promise.all(tabs.map((tab, index) => tab.set(`tab${index}`, index).save()))
    const issued = tabs.filter(tab => deliveryOf(tab))
    assert.equal(issued.length, 1)
    const [winner] = issued
    assert.ok(winner)
    for (const token of [first, tokenOf(winner)]) {
      const session = await manager.open(token)
      for (const index of times(8, each => each)) assert.equal(session.get(`tab${index}`), index)
    }
  })

  it("G9: once the grace is over the next change removes what the previous secret unwraps: it opens and reads nothing", async t => {
    const { clock, manager: make, store } = await trial(t)
    const manager = make(ROTATING)
    const first = await begin(manager, { a: 1 })
    clock.advance(10 * MINUTE)
    const second = await request(manager, first)
    assert.deepEqual([...readWith(first, recordOf(store, first))], [["a", "1"]], "good until confirmed")
    await request(manager, second)
    await changesStored(manager)
    clock.advance(30_000 - 1)
    const within = await manager.open(second)
    await within.set("b", 2).save()
    assert.equal(readWith(first, recordOf(store, first)).size, 2, "good within the grace")
    clock.advance(1)
    const after = await manager.open(second)
    await after.set("c", 3).save()
    assert.deepEqual(wrapsOf(recordOf(store, first)), [wrapNameOf(second)])
    assert.deepEqual([...readWith(first, recordOf(store, first))], [])
    assert.equal(readWith(second, recordOf(store, first)).size, 3)
    assert.equal(await opens(manager, first), false)
  })

  it("G9: update removes it too, and so does the next rotation", async t => {
    const { clock, manager: make, store } = await trial(t)
    const manager = make(ROTATING)
    const tokens = [await begin(manager, { count: 1 })]
    for (const _ of times(3, () => 0)) {
      clock.advance(10 * MINUTE)
      tokens.push(await request(manager, tokens.at(-1) ?? ""))
    }
    const [newest = "", before = ""] = tokens.reverse()
    assert.deepEqual(wrapsOf(recordOf(store, newest)).sort(), [before, newest].map(wrapNameOf).sort())
    await request(manager, newest)
    await changesStored(manager)
    clock.advance(30_000)
    const session = await manager.open(newest)
    assert.equal(await session.update("count", count => Number(count) + 1), 2)
    assert.deepEqual(wrapsOf(recordOf(store, newest)), [wrapNameOf(newest)])
  })

  it("gives a secret again when the answer that carried it was lost, and drops the keys of the lost one", async t => {
    const { clock, manager: make, store } = await trial(t)
    const manager = make(ROTATING)
    const first = await begin(manager, { a: 1 })
    clock.advance(10 * MINUTE)
    const lost = await request(manager, first)
    clock.advance(30_000)
    const again = await request(manager, first)
    assert.notEqual(again, first)
    assert.deepEqual(wrapsOf(recordOf(store, first)).sort(), [first, again].map(wrapNameOf).sort())
    assert.equal(readWith(lost, recordOf(store, first)).size, 0)
    assert.deepEqual([await storedValue(manager, first, "a"), await storedValue(manager, again, "a")], [1, 1])
  })
})

describe("encrypted data and a change of privilege", () => {
  for (const how of ["login", "rotate"] as const) {
    it(`G9: after ${how} the old secret, even with the keys it once unwrapped, reads nothing that is written from then on`, async t => {
      const { manager: make, store } = await trial(t)
      const manager = make(ON)
      const before = await begin(manager, { cart: "hat", theme: "dark" })
      const stolen = dataKeys(before, recordOf(store, before))
      assert.equal(stolen.size, 1)
      const session = await manager.open(before)
      session.set("card", "4111")
      if (how === "login") await session.login("anna")
      else await session.rotate()
      const token = tokenOf(session)
      await session.set("cart", "coat").save()
      const record = recordOf(store, before)
      assert.deepEqual(wrapsOf(record), [wrapNameOf(token)])
      assert.deepEqual([...readWith(before, record)], [], "the old secret unwraps nothing")
      const read = (name: string) => decryptValue(record, name, stolen.values())
      assert.deepEqual([read("card"), read("cart")], [undefined, undefined])
      assert.equal(read("theme"), '"dark"', "a key stolen before still reads what was stored before")
      assert.deepEqual(
        [...readWith(token, record)].sort(),
        [
          ["card", '"4111"'],
          ["cart", '"coat"'],
          ["theme", '"dark"'],
        ],
        "what was stored before stays readable",
      )
    })
  }

  it("G1: what a concurrent request stored before the login took effect is neither lost nor unreadable, ever after", async t => {
    const { manager: make, store } = await trial(t)
    const manager = make(ON)
    const token = await begin(manager, { cart: "hat" })
    const [login, parallel] = [await manager.open(token), await manager.open(token)]
    await parallel.set("viewed", "coat").save()
    await login.login("anna")
    await login.rotate()
    await login.rotate()
    const session = await manager.open(tokenOf(login))
    assert.deepEqual([session.get("cart"), session.get("viewed")], ["hat", "coat"])
    await session.rotate()
    assert.equal(await storedValue(manager, tokenOf(session), "viewed"), "coat")
    assert.equal(recordOf(store, token).epoch, 5)
  })

  it("G3: a request under the old privilege is refused, so that nothing is ever written under an old key", async t => {
    const { manager: make } = await trial(t)
    const manager = make(ON)
    const token = await begin(manager)
    const [login, slow] = [await manager.open(token), await manager.open(token)]
    await login.login("anna")
    await assert.rejects(() => slow.set("b", 1).save(), code("ERR_SESSION_CONFLICT"))
    await assert.rejects(() => slow.update("a", () => 2), code("ERR_SESSION_CONFLICT"))
    const session = await manager.open(tokenOf(login))
    assert.deepEqual(session.keys(), ["a"])
  })

  it("keeps no more keys than stored values need", async t => {
    const { manager: make, store } = await trial(t)
    const manager = make(ON)
    let token = await logIn(manager, "anna", { first: 1 })
    for (const index of times(10, each => each)) {
      const session = await manager.open(token)
      await session.set("last", index).rotate()
      token = tokenOf(session)
    }
    const kept = dataKeys(token, recordOf(store, token))
    assert.deepEqual(
      [...kept.keys()].sort((a, b) => a - b),
      [1, 10, 11],
    )
    assert.equal(await storedValue(manager, token, "first"), 1)
  })

  it("goes on from the newer secret after a parallel rotation, with all values readable", async t => {
    const { clock, manager: make } = await trial(t)
    const manager = make(ROTATING)
    const token = await begin(manager, { a: 1 })
    clock.advance(10 * MINUTE)
    const [login, tab] = [await manager.open(token), await manager.open(token)]
    await tab.set("b", 2).save()
    await login.set("c", 3).login("anna")
    const session = await manager.open(tokenOf(login))
    assert.deepEqual([session.get("a"), session.get("b"), session.get("c")], [1, 2, 3])
  })

  it("carries the values into a session of its own when another login came first", async t => {
    const { manager: make } = await trial(t)
    const manager = make(ON)
    const token = await begin(manager, { a: 1 })
    const [late, early] = [await manager.open(token), await manager.open(token)]
    await early.login("anna")
    await late.set("b", 2).login("bob")
    assert.notEqual(late.id, early.id)
    const session = await manager.open(tokenOf(late))
    assert.deepEqual([session.get("a"), session.get("b")], [1, 2])
  })
})
