import assert from "node:assert/strict"
import { describe, it } from "node:test"
import type { ClientFacts } from "../../../src/contract/record.ts"
import type { Session } from "../../../src/core/session.ts"
import { firstRefusal, type Refusal } from "../../../src/http/guards/guard.ts"
import type { RateLimit } from "../../../src/http/rate-limit/limit.ts"
import { type RateLimitOptions, rateLimit } from "../../../src/http/rate-limit/rate-limit.ts"
import { Sessions } from "../../../src/http/sessions.ts"
import { ManualClock } from "../../../src/testing/index.ts"
import { SpyStore } from "../../adapters/spy-store.ts"
import { CountingStore } from "./counting-store.ts"

interface Answer {
  readonly refusal: Refusal | undefined
  readonly headers: Readonly<Record<string, readonly string[]>>
}

interface Given {
  readonly clock: ManualClock
  readonly store: CountingStore
  readonly sessions: Sessions
  visitor(client?: ClientFacts): Promise<Session>
  ask(session: Session, body?: unknown): Promise<Answer>
}

function given(limits: readonly RateLimit[], options: Partial<RateLimitOptions> = {}): Given {
  const clock = new ManualClock()
  const store = new CountingStore(clock.now)
  const sessions = new Sessions(store, { now: clock.now, sweepInterval: false })
  const guard = rateLimit({ sessions, limits, ...options })
  const ask = async (session: Session, body?: unknown): Promise<Answer> => {
    const headers: Record<string, string[]> = {}
    const addHeader = (name: string, value: string) => {
      headers[name] = [...(headers[name] ?? []), value]
    }
    const request = { method: "GET", url: "/", header: () => undefined, addHeader, body }
    return { refusal: await firstRefusal([guard], session, request), headers }
  }
  const visitor = async (client: ClientFacts = { address: "192.0.2.1" }) =>
    await sessions.open(undefined, { client })
  return { clock, store, sessions, visitor, ask }
}

const perMinute = (limit: number, by: RateLimit["by"], more: Partial<RateLimit> = {}): RateLimit => ({
  name: "pages",
  limit,
  window: "1m",
  by,
  ...more,
})
const passed = async (answer: Promise<Answer>) => (await answer).refusal === undefined

describe("rateLimit", () => {
  it("answers 429 with Retry-After in whole seconds, and tells by the event rateLimited", async () => {
    const { ask, clock, sessions, visitor } = given([perMinute(2, "address")])
    const events: unknown[] = []
    sessions.on("rateLimited", event => events.push(event))
    const session = await visitor()
    clock.advance(60_000 - (clock.now() % 60_000) + 500)
    assert.ok(await passed(ask(session)))
    assert.ok(await passed(ask(session)))
    const { refusal } = await ask(session)
    assert.equal(refusal?.status, 429)
    assert.equal(
      refusal?.headers["Retry-After"],
      "90",
      "half a minute into the next window, one has slid out",
    )
    assert.equal(JSON.parse(refusal?.body ?? "").status, 429)
    assert.deepEqual(events, [{ limit: "pages", id: undefined, userId: undefined }])
    clock.advance(89_499)
    assert.ok(!(await passed(ask(session))))
    clock.advance(1)
    assert.ok(await passed(ask(session)))
  })

  it("tells every answer the policy and what is left", async () => {
    const { ask, clock, visitor } = given([
      perMinute(3, "address", { name: "burst", window: "10s" }),
      perMinute(100, "address"),
    ])
    clock.advance(60_000 - (clock.now() % 60_000))
    const { headers } = await ask(await visitor())
    assert.deepEqual(headers, {
      "RateLimit-Policy": ['"burst";q=3;w=10, "pages";q=100;w=60'],
      RateLimit: ['"burst";r=2;t=20', '"pages";r=99;t=120'],
    })
  })

  it("judges limits in order: what the first refuses uses up nothing of the next", async () => {
    const { ask, store, visitor } = given([
      perMinute(1, "address", { name: "burst" }),
      perMinute(5, "address", { name: "hour", window: "1h" }),
    ])
    const session = await visitor()
    for (let each = 0; each < 10; each++) await ask(session)
    assert.equal(store.hits.filter(({ limit }) => limit === 5).length, 1)
  })

  it("by user: counts a user over all sessions, and leaves visitors alone", async () => {
    const { ask, visitor } = given([perMinute(2, "user")])
    const anonymous = await visitor()
    for (let each = 0; each < 5; each++) assert.ok(await passed(ask(anonymous)))
    const [first, second, other] = [await visitor(), await visitor(), await visitor()]
    await first.login("anna")
    await second.login("anna")
    await other.login("bert")
    assert.ok(await passed(ask(first)))
    assert.ok(await passed(ask(second)))
    assert.ok(!(await passed(ask(first))))
    assert.ok(await passed(ask(other)))
  })

  it("by user: counts visitors by address when told to", async () => {
    const { ask, visitor } = given([perMinute(1, "user", { anonymous: "address" })])
    assert.ok(await passed(ask(await visitor())))
    assert.ok(!(await passed(ask(await visitor()))))
    assert.ok(await passed(ask(await visitor({ address: "192.0.2.2" }))))
  })

  it("G8: by session, a visitor without one is counted by address, and gets none", async () => {
    const { ask, sessions, visitor } = given([perMinute(1, "session")])
    const stored = await visitor()
    await stored.set("a", 1).save()
    const session = await visitor()
    assert.ok(await passed(ask(session)))
    assert.ok(!session.isStored)
    assert.ok(!(await passed(ask(await visitor()))))
    assert.ok(await passed(ask(stored)), "a session has a count of its own")
    assert.equal(await sessions.countLive(), 1)
  })

  it("a client with an IPv6 network counts as one, by /64 or as told", async () => {
    const near = [{ address: "2001:db8:1:2::1" }, { address: "2001:db8:1:2:ffff::9" }] as const
    const next = { address: "2001:db8:1:3::1" }
    const byDefault = given([perMinute(1, "address")])
    assert.ok(await passed(byDefault.ask(await byDefault.visitor(near[0]))))
    assert.ok(!(await passed(byDefault.ask(await byDefault.visitor(near[1])))))
    assert.ok(await passed(byDefault.ask(await byDefault.visitor(next))))
    const wide = given([perMinute(1, "address", { ipv6Prefix: 56 })])
    assert.ok(await passed(wide.ask(await wide.visitor(near[0]))))
    assert.ok(!(await passed(wide.ask(await wide.visitor(next)))))
  })

  it("clients whose address is unknown share one count, and the process warns of it once", async t => {
    const { ask, visitor } = given([perMinute(1, "address")])
    const warnings: unknown[] = []
    t.mock.method(process, "emitWarning", (_: string, { code }: { code: string }) => warnings.push(code))
    assert.ok(await passed(ask(await visitor({}))))
    assert.ok(!(await passed(ask(await visitor({})))))
    assert.deepEqual(warnings, ["SOJOURN_ADDRESS_UNKNOWN"])
  })

  it("by a function, with a cost of its own; without a key or a cost nothing is counted", async () => {
    const { ask, store, visitor } = given([
      perMinute(10, ({ request }) => (request.body === "free" ? undefined : String(request.body)), {
        cost: ({ request }) => (request.body === "dear" ? 6 : 0),
      }),
    ])
    const session = await visitor()
    assert.ok(await passed(ask(session, "free")))
    assert.ok(await passed(ask(session, "cheap")))
    assert.equal(store.hits.length, 0)
    assert.ok(await passed(ask(session, "dear")))
    assert.ok(!(await passed(ask(session, "dear"))))
  })

  it("a cost above the limit is a mistake that says so", async () => {
    const { ask, visitor } = given([perMinute(10, "address", { cost: () => 11 })])
    await assert.rejects(ask(await visitor()), {
      code: "ERR_SESSION_INVALID_ARGUMENT",
      message: /from 0 to the limit, 10/,
    })
  })

  it("the store is told neither address nor user", async () => {
    const { ask, store, visitor } = given([
      perMinute(9, "address", { name: "a" }),
      perMinute(9, "user", { name: "u" }),
    ])
    const session = await visitor()
    await session.login("anna")
    await ask(session)
    assert.equal(store.hits.length, 2)
    for (const { key } of store.hits) assert.match(key, /^[A-Za-z0-9_-]{43}$/)
  })

  it("limits of one name and window share their count; of another window they do not", async () => {
    const { ask, sessions, visitor } = given([perMinute(1, "address")])
    const session = await visitor()
    assert.ok(await passed(ask(session)))
    const request = { method: "GET", url: "/", header: () => undefined, addHeader: () => {}, body: undefined }
    const shared = rateLimit({ sessions, limits: [perMinute(1, "address")] })
    const apart = rateLimit({ sessions, limits: [perMinute(1, "address", { window: "2m" })] })
    assert.equal((await firstRefusal([shared], session, request))?.status, 429)
    assert.equal(await firstRefusal([apart], session, request), undefined)
  })
})

describe("rateLimit, when the store fails", () => {
  it("refuses with 503 by default, and tells by storeError (ASVS 16.5.3)", async () => {
    const { ask, sessions, store, visitor } = given([perMinute(1, "address")])
    const operations: string[] = []
    sessions.on("storeError", ({ operation }) => operations.push(operation))
    const session = await visitor()
    store.failing = true
    assert.equal((await ask(session)).refusal?.status, 503)
    assert.deepEqual(operations, ["hit"])
  })

  it("lets pass when told to", async () => {
    const { ask, store, visitor } = given([perMinute(1, "address")], { onStoreFailure: "allow" })
    const session = await visitor()
    store.failing = true
    assert.ok(await passed(ask(session)))
    assert.ok(await passed(ask(session)))
  })
})

describe("rateLimit, misused", () => {
  const sessions = new Sessions(new CountingStore(Date.now), { sweepInterval: false })
  const misuse = (name: string, limits: unknown, message: RegExp, more: object = {}) =>
    it(name, () => {
      const options = { sessions, limits, ...more } as RateLimitOptions
      assert.throws(() => rateLimit(options), { code: "ERR_SESSION_CONFIG", message })
    })

  misuse("no limit", [], /give at least one/)
  misuse("nothing at all", undefined, /give at least one/)
  misuse("two of one name", [perMinute(1, "user"), perMinute(2, "user")], /give each its own name/)
  misuse("a name that is no header token", [perMinute(1, "user", { name: 'a";q=9' })], /letters, digits/)
  misuse("a limit of nothing", [perMinute(0, "user")], /above 0/)
  misuse("a window that is no duration", [perMinute(1, "user", { window: "soon" as "1m" })], /is no duration/)
  misuse("a window of half a second", [perMinute(1, "user", { window: "500ms" })], /whole seconds/)
  misuse(
    "a limit beyond exact numbers",
    [perMinute(1e9, "user", { window: "20d" })],
    /make one of them smaller/,
  )
  misuse("counting by the moon", [perMinute(1, "moon" as "user")], /a function that gives a key/)
  misuse("a cost above the limit", [perMinute(1, "user", { cost: 2 })], /from 0 to its limit, 1/)
  misuse("anonymous with by address", [perMinute(1, "address", { anonymous: "skip" })], /leave it out/)
  misuse(
    "a wrong anonymous",
    [perMinute(1, "user", { anonymous: "refuse" as "skip" })],
    /"skip" or "address"/,
  )
  misuse("a prefix that is none", [perMinute(1, "user", { ipv6Prefix: 129 })], /from 1 to 128/)
  misuse("an unknown option", [{ ...perMinute(1, "user"), max: 3 }], /there are name, limit/)
  misuse("sessions without a store", [perMinute(1, "user")], /those of createSessions/, { sessions: {} })
  misuse("a wrong policy", [perMinute(1, "user")], /"refuse" or "allow"/, { onStoreFailure: "deny" })

  it("a store that cannot count is refused at the start", () => {
    const plain = new Sessions(new SpyStore(), { sweepInterval: false })
    assert.throws(() => rateLimit({ sessions: plain, limits: [perMinute(1, "user")] }), {
      code: "ERR_SESSION_UNSUPPORTED",
      message: /use one that can/,
    })
  })
})
