import assert from "node:assert/strict"
import { describe, it } from "node:test"
import type { SessionErrorCode } from "../../src/contract/index.ts"
import { DEFAULT_LIMITS, type Limits } from "../../src/core/limits.ts"
import type { Session } from "../../src/core/session.ts"
import { stores } from "./stores.ts"
import { begin, code, logIn, settled, times, trial } from "./trial.ts"

interface Bound {
  readonly limit: keyof Limits
  readonly byDefault: number
  readonly error: SessionErrorCode
  /** Goes up to the limit, and, by one more, beyond it. */
  readonly reach: (session: Session, limit: number, beyond: number) => unknown
}

/** Text whose encoding, quotes included, has this length. */
const text = (length: number): string => "x".repeat(length - 2)

const bounds: readonly Bound[] = [
  {
    limit: "maxKeys",
    byDefault: 256,
    error: "ERR_SESSION_TOO_MANY_KEYS",
    reach: (session, limit, beyond) => times(limit + beyond, index => session.set(`k${index}`, 1)),
  },
  {
    limit: "maxKeyLength",
    byDefault: 128,
    error: "ERR_SESSION_INVALID_KEY",
    reach: (session, limit, beyond) => session.set("k".repeat(limit + beyond), 1),
  },
  {
    limit: "maxValueLength",
    byDefault: 65_536,
    error: "ERR_SESSION_VALUE_TOO_LARGE",
    reach: (session, limit, beyond) => session.set("k", text(limit + beyond)),
  },
  {
    limit: "maxSessionLength",
    byDefault: 262_144,
    error: "ERR_SESSION_TOO_LARGE",
    reach: (session, limit, beyond) => {
      const part = limit / 4
      times(3, index => session.set(String(index), text(part - 1)))
      session.set("3", text(part - 1 + beyond))
    },
  },
]

describe("bounded", () => {
  for (const { limit, byDefault, error, reach } of bounds) {
    it(`G10: ${limit} is ${byDefault} by default; one more is refused with ${error}`, async t => {
      const manager = (await trial(t)).manager()
      assert.equal(DEFAULT_LIMITS[limit], byDefault)
      reach(await manager.open(undefined), byDefault, 0)
      const session = await manager.open(undefined)
      assert.throws(() => reach(session, byDefault, 1), code(error))
    })

    it(`G10: ${limit} can be set`, async t => {
      const manager = (await trial(t)).manager({ limits: { [limit]: 40 } })
      reach(await manager.open(undefined), 40, 0)
      const session = await manager.open(undefined)
      assert.throws(() => reach(session, 40, 1), code(error))
    })
  }

  it("G10: update() is bounded as set() is, and stores nothing beyond a limit", async t => {
    const manager = (await trial(t)).manager({ limits: { maxKeys: 2 } })
    const session = await manager.open(await begin(manager, { a: 1, b: 1 }))
    await assert.rejects(
      session.update("c", () => 1),
      code("ERR_SESSION_TOO_MANY_KEYS"),
    )
    assert.equal(await session.update("b", () => 2), 2)
  })

  it("G10: a change that makes room is no excess: replacing, deleting, and keys that have ended do not count twice", async t => {
    const { clock, manager: make } = await trial(t)
    const manager = make({ limits: { maxKeys: 2 } })
    const session = await manager.open(await begin(manager, { a: 1, b: 1 }))
    session.set("a", 2)
    session.delete("b")
    session.set("c", 1, { expiresIn: 1_000 })
    clock.advance(1_000)
    session.set("d", 1)
    await session.save()
    assert.deepEqual(session.keys().sort(), ["a", "d"])
  })

  it("G10: a user's id has at most 1,024 characters, and is no empty text", async t => {
    const manager = (await trial(t)).manager()
    await (await manager.open(undefined)).login("u".repeat(1_024))
    for (const wrong of ["", "u".repeat(1_025)]) {
      const session = await manager.open(undefined)
      await assert.rejects(session.login(wrong), code("ERR_SESSION_INVALID_ARGUMENT"))
    }
  })

  it("G10: update() tries again limits.maxRetries times, by default 20", () => {
    assert.equal(DEFAULT_LIMITS.maxRetries, 20)
  })

  it("G10: when limits.maxQueued operations wait, 10,000 by default, one more is refused with ERR_SESSION_OVERLOADED", async t => {
    assert.equal(DEFAULT_LIMITS.maxQueued, 10_000)
    const { tapped, tappedManager } = await trial(t)
    const manager = tappedManager({ limits: { maxQueued: 10 } })
    const token = await begin(manager)
    let answer = () => {}
    tapped.beforeFind = () => new Promise(resolve => (answer = resolve))
    const opening = times(11, () => manager.open(token))
    await assert.rejects(async () => await manager.open(token), code("ERR_SESSION_OVERLOADED"))
    answer()
    tapped.beforeFind = () => undefined
    const sessions = await Promise.all(opening)
    assert.equal(sessions.filter(session => session.isStored).length, 11, "those that waited are served")
    assert.equal((await manager.open(token)).isStored, true)
  })

  it("G10: queued changes are bounded as queued reads are", async t => {
    const { tapped, tappedManager } = await trial(t)
    const manager = tappedManager({ limits: { maxQueued: 2 } })
    const token = await begin(manager)
    const sessions = await Promise.all(times(3, () => manager.open(token)))
    const last = await manager.open(token)
    let acknowledge = () => {}
    tapped.beforeApply = () => new Promise(resolve => (acknowledge = resolve))
    const saving = sessions.map((session, index) => session.set(`k${index}`, 1).save())
    await settled()
    await assert.rejects(last.set("late", 1).save(), code("ERR_SESSION_OVERLOADED"))
    tapped.beforeApply = () => undefined
    acknowledge()
    await Promise.all(saving)
    await last.save()
    assert.equal((await manager.open(token)).keys().length, 5)
  })
})

for (const kind of stores) {
  it(`G10: maxSessionsPerUser holds on ${kind.name}: there is no limit by default, and the oldest login makes room`, async t => {
    const { clock, manager: make } = await trial(t, kind)
    const unlimited = make()
    for (const _ of times(5, () => 0)) {
      clock.advance(1)
      await logIn(unlimited, "bob")
    }
    assert.equal(await unlimited.countOf("bob"), 5)
    const limited = make({ maxSessionsPerUser: 2 })
    const tokens: string[] = []
    for (const _ of times(4, () => 0)) {
      clock.advance(1)
      tokens.push(await logIn(limited, "anna"))
    }
    const kept = tokens.slice(2).map(token => token.slice(0, 22))
    assert.deepEqual(
      (await limited.list("anna")).map(({ id }) => id),
      kept,
    )
  })
}
