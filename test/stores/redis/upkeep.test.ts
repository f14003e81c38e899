import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { Redis } from "ioredis"
import { createRedisStore, type RedisSessionStore } from "../../../src/stores/redis/index.ts"
import { indexName } from "../../../src/stores/redis/layout.ts"
import { changes } from "../../../src/testing/index.ts"
import { redisUrl } from "../../services/redis.ts"
import { aLogin, aSession, newPrefix } from "./given-session.ts"

const url = await redisUrl()
const { create } = changes

interface Given {
  readonly store: RedisSessionStore
  readonly administrator: Redis
  /** What the names of keys begin with: there is one bucket. */
  readonly base: string
  readonly clock: { now: number }
}

async function withStore(body: (given: Given) => Promise<void>): Promise<void> {
  const [prefix, clock] = [newPrefix(), { now: Date.now() }]
  const store = await createRedisStore({ url, prefix }, { now: () => clock.now })
  const administrator = new Redis(url)
  try {
    await body({ store, administrator, base: `${prefix}{0}:`, clock })
  } finally {
    administrator.disconnect()
    await store.close()
  }
}

describe("the upkeep of the Redis store", () => {
  it("repairs the user index when it meets a session that the server has dropped", () =>
    withStore(async ({ store, administrator, base }) => {
      const login = aLogin("ada", { externalId: "sid" })
      const [kept, dropped] = [aSession({ login }), aSession({ login })]
      await store.apply([create(kept), create(dropped)])
      await administrator.del(`${base}s:${dropped.id}`)
      const members = () => administrator.zcard(`${base}u:${indexName("ada")}`)
      assert.equal(await members(), 2)
      assert.deepEqual(await store.findByUser("ada"), [kept])
      assert.deepEqual([await members(), await store.countByUser("ada")], [1, 1])
      assert.deepEqual(await store.revokeByExternalId("sid"), [kept.id])
      assert.equal(await administrator.exists(`${base}e:${indexName("sid")}`), 0)
    }))

  it("sweeps what the server has dropped already, and tells of it", () =>
    withStore(async ({ store, administrator, base, clock }) => {
      const session = aSession({ login: aLogin("ada") })
      await store.apply([create(session)])
      await administrator.del(`${base}s:${session.id}`)
      clock.now = session.expiresAt
      assert.deepEqual(await store.sweep(clock.now, 10), [session.id])
      assert.deepEqual([await administrator.zcard(`${base}x`), await administrator.zcard(`${base}l`)], [0, 0])
    }))

  it("leaves nothing behind when all sessions have been swept", () =>
    withStore(async ({ store, administrator, base, clock }) => {
      const sessions = Array.from({ length: 600 }, (_, index) =>
        aSession({ login: aLogin(`user ${index % 7}`, { externalId: `sid ${index}` }) }),
      )
      await store.apply(sessions.map(create))
      clock.now += 86_400_000
      const swept = await store.sweep(clock.now, 1000)
      assert.deepEqual(swept.toSorted(), sessions.map(({ id }) => id).toSorted())
      assert.deepEqual(await administrator.keys(`${base}*`), [])
    }))

  it("leaves nothing behind when all sessions have been revoked", () =>
    withStore(async ({ store, administrator, base }) => {
      const sessions = Array.from({ length: 600 }, (_, index) =>
        aSession({ login: aLogin(`user ${index % 7}`) }),
      )
      await store.apply(sessions.map(create))
      assert.equal(await store.revokeAll(), 600)
      assert.deepEqual(await administrator.keys(`${base}*`), [])
    }))

  it("counts users page by page, each once", () =>
    withStore(async ({ store, clock }) => {
      const sessions = Array.from({ length: 700 }, (_, index) =>
        aSession({ login: aLogin(`user ${index % 350}`), lastSeenAt: clock.now - (index % 3) }),
      )
      await store.apply(sessions.map(create))
      assert.equal(await store.countUsersSeen(0), 350)
      assert.equal(await store.countUsersSeen(clock.now), new Set(sessions.flatMap(seenNow)).size)
      function seenNow({ login, lastSeenAt }: (typeof sessions)[number]) {
        return login && lastSeenAt === clock.now ? [login.userId] : []
      }
    }))

  it("the server drops a session an hour after its end, even if nobody sweeps", () =>
    withStore(async ({ store, administrator, base, clock }) => {
      const session = aSession({ expiresAt: clock.now + 60_000 })
      await store.apply([create(session)])
      const left = await administrator.pttl(`${base}s:${session.id}`)
      assert.ok(left > 3_600_000 && left <= 3_660_000, `${left} ms`)
    }))

  it("two prefixes do not see each other", () =>
    withStore(async ({ store }) =>
      withStore(async ({ store: other }) => {
        const session = aSession({ login: aLogin("ada", { externalId: "sid" }) })
        await store.apply([create(session)])
        assert.deepEqual(await other.find([session.id]), [undefined])
        assert.deepEqual(await other.findByUser("ada"), [])
        assert.deepEqual(await other.revokeByUser("ada"), [])
        assert.deepEqual(await other.revokeByExternalId("sid"), [])
        assert.deepEqual([await other.countLive(), await other.countUsersSeen(0)], [0, 0])
        assert.deepEqual(await other.sweep(session.expiresAt, 10), [])
        assert.equal(await other.revokeAll(), 0)
        assert.deepEqual(await store.find([session.id]), [session])
      }),
    ))

  it("odd texts come back as they were: NUL, lone surrogates, lines, names of prototypes", () =>
    withStore(async ({ store }) => {
      const surrogates = ["\ud800", "\udc00\ud800", "a\ud83d"]
      const lines = ["\n", "a\nf\nb", "\t", "\r\n", "\u2028"]
      const odd = ["\0", '\0"x"', ...surrogates, ...lines, "__proto__", "constructor", ":", "1:2"]
      const data = new Map(
        odd.flatMap(text => odd.map((value, index) => [`${text}${index}`, { text: value }])),
      )
      const login = aLogin("\ud800", { externalId: "\0" })
      const client = { label: "\ud800\0\t\n" }
      const session = aSession({ data, login, client })
      const plain = aSession()
      await store.apply([create(session), create(plain)])
      assert.deepEqual(await store.find([session.id]), [session], "alone")
      assert.deepEqual(await store.find([plain.id, session.id]), [plain, session], "with others")
      assert.deepEqual(await store.findByUser("\ud801"), [])
      assert.deepEqual(await store.findByUser("\ud800"), [session])
    }))
})
