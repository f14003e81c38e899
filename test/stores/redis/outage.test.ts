import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { setTimeout as delay } from "node:timers/promises"
import { Redis } from "ioredis"
import { isSessionError } from "../../../src/contract/errors.ts"
import type { SessionRecord } from "../../../src/contract/record.ts"
import {
  createRedisStore,
  type RedisOptions,
  type RedisSessionStore,
} from "../../../src/stores/redis/index.ts"
import { changes, dataOf } from "../../../src/testing/index.ts"
import { type FaultProxy, startFaultProxy } from "../../services/fault-proxy.ts"
import { startRedis } from "../../services/redis.ts"
import type { RedisServer } from "../../services/redis-server.ts"
import { aSession, newPrefix } from "./given-session.ts"
import { untilResolved } from "./until-resolved.ts"

const clients: Readonly<Record<string, (url: string) => RedisOptions>> = {
  "a URL": url => ({ url }),
  "an ioredis client": url => ({ client: new Redis(url, { lazyConnect: true }) }),
}

const { create, patch } = changes

interface Given extends AsyncDisposable {
  readonly server: RedisServer
  readonly proxy: FaultProxy
  readonly store: RedisSessionStore
  /** Stored already. */
  readonly session: SessionRecord
}

/** A session in a store over a server of its own, which it reaches through the proxy if `proxied`. */
async function given(
  target: (url: string) => RedisOptions,
  { timeout = 5000, proxied = false } = {},
): Promise<Given> {
  const server = await startRedis()
  const proxy = await startFaultProxy({ port: server.port })
  const url = proxied ? proxy.via(server.url) : server.url
  const store = await createRedisStore({ ...target(url), prefix: newPrefix(), timeout })
  const session = aSession()
  await store.apply([create(session)])
  const end = async (): Promise<void> => {
    await store.close()
    await proxy.close()
    await server.stop()
  }
  return { server, proxy, store, session, [Symbol.asyncDispose]: end }
}

for (const [name, target] of Object.entries(clients)) {
  describe(`a Redis server that is away, by ${name}`, () => {
    it("G12: while it is gone calls fail at once; when it is back the store works again", async () => {
      await using away = await given(target)
      const { server, store, session } = away
      await server.kill()
      await assert.rejects(store.find([session.id]), unavailable)
      await delay(50)
      const start = performance.now()
      await assert.rejects(store.apply([patch(session)]), unavailable)
      assert.ok(performance.now() - start < 500, "a call fails without waiting")
      await server.start()
      await untilResolved(() => store.find([session.id]))
      assert.deepEqual(await store.apply([create(session)]), [{ kind: "applied", version: 1 }])
    })

    it("G12: calls in flight when it is killed reject, and none is sent again", async () => {
      await using away = await given(target)
      const { server, store, session } = away
      server.freeze()
      const calls = Array.from({ length: 20 }, () => store.apply([patch(session)]))
      const settled = Promise.allSettled(calls)
      await delay(20)
      await server.kill()
      for (const each of await settled) {
        assert.ok(each.status === "rejected" && unavailable(each.reason))
      }
      await server.start()
      await untilResolved(() => store.find([session.id]))
      assert.deepEqual(await store.apply([create(session)]), [{ kind: "applied", version: 1 }])
      await delay(100)
      assert.equal((await store.find([session.id]))[0]?.version, 1)
    })

    it("G12: a half-open connection rejects by the time limit, and is replaced", async () => {
      await using away = await given(target, { timeout: 300, proxied: true })
      const { proxy, store, session } = away
      proxy.halfOpen()
      const start = performance.now()
      await assert.rejects(store.find([session.id]), timedOut)
      assert.ok(performance.now() - start < 2000)
      proxy.heal()
      await untilResolved(() => store.find([session.id]))
      assert.deepEqual(await store.apply([patch(session)]), [{ kind: "applied", version: 2 }])
    })

    it("G12: the caller's signal ends a call at once, and the connection goes on", async () => {
      await using away = await given(target)
      const { server, store, session } = away
      server.freeze()
      const start = performance.now()
      await assert.rejects(store.find([session.id], AbortSignal.timeout(100)), timedOut)
      assert.ok(performance.now() - start < 2000)
      server.thaw()
      const change = patch(session, { set: dataOf(["a", "1"]) })
      assert.deepEqual(await store.apply([change]), [{ kind: "applied", version: 2 }])
      assert.equal((await store.find([session.id]))[0]?.data.get("a")?.text, "1")
    })

    it("closing while it is gone resolves", async () => {
      await using away = await given(target)
      const { server, store } = away
      await server.stop()
      await store.close()
      await assert.rejects(store.find(["x"]), error => isSessionError(error, "ERR_SESSION_CLOSED"))
    })
  })
}

const unavailable = (error: unknown): boolean => isSessionError(error, "ERR_SESSION_STORE_UNAVAILABLE")
const timedOut = (error: unknown): boolean => isSessionError(error, "ERR_SESSION_STORE_TIMEOUT")
