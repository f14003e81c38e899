import assert from "node:assert/strict"
import { after, describe, it } from "node:test"
import type { Change } from "../../../src/contract/change.ts"
import type { SessionRecord } from "../../../src/contract/record.ts"
import { Batcher } from "../../../src/core/batcher.ts"
import { Meters } from "../../../src/core/meter.ts"
import { createRedisStore } from "../../../src/stores/redis/index.ts"
import { Layout } from "../../../src/stores/redis/layout.ts"
import { changes, dataOf } from "../../../src/testing/index.ts"
import { eventually } from "../../services/eventually.ts"
import { startRedis } from "../../services/redis.ts"
import { FeedLog } from "./feed-log.ts"
import { aLogin, applied, aSession, newPrefix } from "./given-session.ts"

const { create, patch, revoke, touch } = changes
const full = { code: "ERR_SESSION_STORE_FULL" }

describe("a Redis server without memory left", async () => {
  const server = await startRedis(["maxmemory-policy noeviction"])
  after(() => server.stop())
  const limit = (bytes: string) => server.cli("CONFIG", "SET", "maxmemory", bytes)

  /** A store in one bucket or several, three sessions in it, and what its feed tells from now on; the server is full. */
  async function given(buckets = 1) {
    await limit("0")
    let now = Date.now()
    const store = await createRedisStore(
      { url: server.url, prefix: newPrefix(), buckets },
      { now: () => now },
    )
    const log = new FeedLog()
    store.observe(log, { heartbeatInterval: 100 })
    await eventually("connected", () => log.isConnected)
    const login = aLogin("ada")
    const [first, second, third] = [aSession({ login }), aSession({ login }), aSession({ login })]
    await store.apply([first, second, third].map(create))
    await limit("1mb")
    const versions = async () =>
      (await store.find([first.id, second.id, third.id])).map(record => record?.version)
    return {
      ...{ store, log, first, second, third, versions },
      pass: (ms: number) => {
        now += ms
      },
      /** The notices until now: they arrive before what is published later. */
      async told() {
        const beats = log.count("heartbeat")
        await eventually("two heartbeats", () => log.count("heartbeat") > beats + 1)
        return log.notices
      },
      [Symbol.asyncDispose]: () => store.close(),
    }
  }

  const seen = { at: Date.now() + 1000, expiresAt: Date.now() + 1e7 }
  const plain = { set: dataOf(["a", "1"]) }

  const refused: Readonly<Record<string, (a: SessionRecord, b: SessionRecord) => Change[]>> = {
    "a creation": () => [create(aSession())],
    "a plain patch": a => [patch(a, plain)],
    "another patch": a => [patch(a, { ...plain, unset: ["b"] })],
    "a touch and a revocation": (a, b) => [touch(a, seen), revoke(b)],
    "a revocation and a touch": (a, b) => [revoke(b), touch(a, seen)],
    "a creation and a revocation": (_, b) => [create(aSession()), revoke(b)],
    "plain patches and others": (a, b) => [patch(a, plain), touch(b, seen)],
  }
  for (const [name, list] of Object.entries(refused)) {
    it(`refuses ${name} as a whole, and tells nothing`, async () => {
      await using here = await given()
      await assert.rejects(here.store.apply(list(here.first, here.second)), full)
      assert.deepEqual(await here.versions(), [1, 1, 1])
      assert.deepEqual(await here.told(), [])
    })
  }

  it("lets revocations pass", async () => {
    await using here = await given()
    const { store, first, second, third } = here
    const call = [patch(first, plain), revoke(first), revoke(second)]
    assert.deepEqual(await store.apply(call), [applied(2), applied(2), applied(1)])
    assert.deepEqual(await store.revokeByUser("ada"), [third.id])
    assert.deepEqual(await here.versions(), [undefined, undefined, undefined])
  })

  it("lets a revocation pass whose call it refuses in part, and tells only that", async () => {
    await using here = await given()
    const { store, first, second } = here
    const call = [patch(first, plain), revoke(second)]
    await assert.rejects(store.apply(call), { code: "ERR_SESSION_STORE_UNAVAILABLE" })
    assert.deepEqual(await here.versions(), [1, undefined, 1])
    assert.deepEqual(await here.told(), [{ kind: "revoked", id: second.id }])
  })

  it("lets every revocation pass of a call to several buckets, of which it refuses one", async () => {
    await using here = await given(2)
    const { store } = here
    const sessions = Array.from({ length: 20 }, () => aSession())
    await limit("0")
    await store.apply(sessions.map(create))
    await limit("1mb")
    const layout = new Layout("", 2)
    const [lone] = sessions.filter(({ id }) => layout.bucketOf(id) === 0)
    const [changed, ended] = sessions.filter(({ id }) => layout.bucketOf(id) === 1)
    assert.ok(lone && changed && ended)
    const call = [revoke(lone), touch(changed, seen), revoke(ended)]
    await assert.rejects(store.apply(call), { code: "ERR_SESSION_STORE_UNAVAILABLE" })
    assert.deepEqual(await store.find([lone.id, ended.id]), [undefined, undefined])
  })

  it("has calls of several scripts refused before they leave, for a second: so each change can go by itself", async () => {
    await using here = await given()
    const { store, first, second } = here
    await assert.rejects(store.apply([patch(first, plain)]), full)
    const call = [patch(first, plain), revoke(second)]
    await assert.rejects(store.apply(call), full)
    assert.deepEqual(await here.versions(), [1, 1, 1])
    await limit("0")
    here.pass(1000)
    assert.deepEqual(await store.apply(call), [applied(2), applied(1)])
  })

  it("lets the logouts of a batch pass, one by one", async () => {
    await using here = await given()
    const { store, first, second, third } = here
    const batcher = new Batcher(store, 5000, 100, new Meters())
    const list = [touch(first, seen), create(aSession()), revoke(second), patch(first, plain), revoke(third)]
    const results = await Promise.allSettled(list.map(change => batcher.apply(change)))
    const told = results.map(result =>
      result.status === "rejected" ? result.reason.code : result.value.kind,
    )
    assert.deepEqual(told, [full.code, full.code, "applied", full.code, "applied"])
    assert.deepEqual(await here.versions(), [1, undefined, undefined])
  })
})
