import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { isSessionError, type SessionStore } from "../../src/contract/index.ts"
import { type ContractCase, type ContractSubject, contractCases } from "../../src/testing/index.ts"
import { plainStore } from "./plain-store.ts"
import { ReferenceStore } from "./reference-store.ts"

const EMPTY = "find of no ids answers nothing"
const open = ({ now }: { now: () => number }): SessionStore => new ReferenceStore(now)

describe("the cases of the store contract", () => {
  it("have names of their own, and those that show a promise begin with its number", () => {
    const names = contractCases({ open }).map(({ name }) => name)
    assert.equal(new Set(names).size, names.length)
    const numbers = new Set(names.flatMap(name => /^(G\d+): /.exec(name)?.[1] ?? []))
    assert.deepEqual([...numbers].sort(), ["G1", "G11", "G2", "G3", "G6"])
  })

  it("skip what is excepted and say why", () => {
    const skipped = contractCases({ open, except: { [EMPTY]: "the driver cannot" } }).filter(
      ({ name }) => name === EMPTY,
    )
    assert.deepEqual(
      skipped.map(({ skip }) => skip),
      ["the driver cannot"],
    )
  })

  it("refuse an exception for a case that does not exist", () => {
    for (const name of ["no such case", "__proto__x", `${EMPTY} `]) {
      assert.throws(
        () => contractCases({ open, except: { [name]: "reason" } }),
        error => isSessionError(error, "ERR_SESSION_CONFIG") && error.message.includes(name),
      )
    }
  })

  it("refuse an exception without a reason", () => {
    assert.throws(
      () => contractCases({ open, except: { [EMPTY]: " " } }),
      error => isSessionError(error, "ERR_SESSION_CONFIG"),
    )
  })

  it("skip reopening for a store that is not durable, and only then", () => {
    const skips = (subject: ContractSubject) => contractCases(subject).flatMap(({ skip }) => skip ?? [])
    const skipped = skips({ open })
    assert.equal(skipped.length > 5 && new Set(skipped).size, 1)
    assert.equal(skipped[0], "the store is not durable")
    assert.deepEqual(skips({ open, durable: true, reopen: open }), [])
  })

  it("pass a store without capabilities and say which it lacks", async () => {
    const cases = contractCases({ open: ({ now }) => plainStore(now) }).filter(
      ({ skip }) => skip === undefined,
    )
    const results = await Promise.all(cases.map(each => each.run()))
    assert.deepEqual([...new Set(results.flatMap(({ skipped }) => skipped ?? []))].sort(), [
      "the store does not offer a user index",
      "the store does not offer an index by external id",
      "the store does not offer counts",
      "the store does not offer findNow",
      "the store does not offer hit",
      "the store does not offer revokeAll",
    ])
    assert.ok(results.filter(({ skipped }) => skipped === undefined).length > 90)
  })
})

describe("the run of a case", () => {
  it("has a store, a clock and a place of its own, and closes the store", async () => {
    const places: string[] = []
    const closed: SessionStore[] = []
    const one = caseOf({
      open: ({ now, place }) => {
        places.push(place)
        return closing(new ReferenceStore(now), async store => void closed.push(store))
      },
    })
    await one.run()
    await one.run()
    assert.equal(new Set(places).size, 2)
    assert.equal(new Set(closed).size, 2)
    assert.match(places.join(), /^[a-z0-9]{20,63},[a-z0-9]{20,63}$/)
  })

  it("closes the store of a case that failed, and tells the case's failure", async () => {
    let closed = 0
    const failing = caseOf({
      open: ({ now }) =>
        closing(
          withFind(now, async () => Promise.reject(new Error("find failed"))),
          async () => {
            closed++
            throw new Error("close failed")
          },
        ),
    })
    await assert.rejects(failing.run(), /find failed/)
    assert.equal(closed, 1)
  })

  it("fails when the store cannot be closed", async () => {
    const failing = caseOf({
      open: ({ now }) => closing(plainStore(now), () => Promise.reject(new Error("close failed"))),
    })
    await assert.rejects(failing.run(), /close failed/)
  })

  it("fails when a call, open or close hangs", async () => {
    const never = <T>() => new Promise<T>(() => {})
    const deadline = 50
    const hangs = /took longer than 50 ms/
    await assert.rejects(caseOf({ deadline, open: () => never() }).run(), hangs)
    await assert.rejects(caseOf({ deadline, open: ({ now }) => withFind(now, never) }).run(), hangs)
    await assert.rejects(
      caseOf({ deadline, open: ({ now }) => closing(plainStore(now), never) }).run(),
      hangs,
    )
  })

  it("fails when the store cannot be opened", async () => {
    await assert.rejects(caseOf({ open: () => Promise.reject(new Error("no server")) }).run(), /no server/)
  })
})

function caseOf(subject: ContractSubject): ContractCase {
  const found = contractCases(subject).find(({ name }) => name === EMPTY)
  assert.ok(found)
  return found
}

function closing(store: SessionStore, close: (store: SessionStore) => Promise<void>): SessionStore {
  return {
    find: ids => store.find(ids),
    apply: changes => store.apply(changes),
    sweep: (now, limit) => store.sweep(now, limit),
    close: () => close(store),
  }
}

function withFind(now: () => number, find: SessionStore["find"]): SessionStore {
  return { ...plainStore(now), find }
}
