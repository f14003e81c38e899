import assert from "node:assert/strict"
import { after, before, describe, test } from "node:test"
import { openPubSubFeed } from "../../../src/stores/redis/feed.ts"
import { subscriberSource } from "../../../src/stores/redis/subscriber-source.ts"
import { eventually } from "../../services/eventually.ts"
import { startFaultProxy } from "../../services/fault-proxy.ts"
import type { RedisServer } from "../../services/redis-server.ts"
import { type GivenClient, libraries } from "./feed-clients.ts"
import { FeedLog } from "./feed-log.ts"
import { type RunningServers, startSingle } from "./feed-servers.ts"

const CHANNEL = "sojourn:{0}:feed"

let running: RunningServers
let server: RedisServer

before(async () => {
  running = await startSingle()
  server = running.servers[0]
})
after(() => running[Symbol.asyncDispose]())

for (const [library, { single }] of Object.entries(libraries)) {
  const observed = async (options: { interval?: number; port?: number } = {}) => {
    const given: GivenClient = await single(options.port ?? server.port)
    const log = new FeedLog()
    const feed = openPubSubFeed({
      source: subscriberSource(given.client),
      channels: [CHANNEL],
      observer: log,
      heartbeatInterval: options.interval ?? 100,
    })
    const end = async (): Promise<void> => {
      await feed.close()
      await given[Symbol.asyncDispose]()
    }
    await eventually("connected", () => log.isConnected)
    return { log, feed, [Symbol.asyncDispose]: end }
  }
  type Observed = Awaited<ReturnType<typeof observed>>

  const recovers = async ({ log }: Observed, trouble: () => Promise<unknown>): Promise<void> => {
    const { recoveries } = log
    await trouble()
    await eventually("a gap that has ended", () => log.recoveries > recoveries)
    await arrives(log)
  }

  const arrives = async (log: FeedLog): Promise<void> => {
    const id = `id-${log.events.length}`
    await eventually("a notice", async () => {
      await server.cli("PUBLISH", CHANNEL, `r ${id}`)
      return log.notices.some(notice => notice.kind === "revoked" && notice.id === id)
    })
  }

  describe(`with ${library} on a single server`, () => {
    test("notices arrive in the order in which they were published", async () => {
      await using feed = await observed({ interval: 10_000 })
      const script = "for i = 1, tonumber(ARGV[2]) do redis.call('PUBLISH', ARGV[1], 'c id ' .. i) end"
      await server.cli("EVAL", script, "0", CHANNEL, "2000")
      await eventually("all of them", () => feed.log.notices.length === 2000)
      assert.deepEqual(
        feed.log.notices,
        Array.from({ length: 2000 }, (_, index) => ({ kind: "changed", id: "id", version: index + 1 })),
      )
    })

    test("each feed is told of its own heartbeats alone", async () => {
      await using one = await observed({ interval: 10_000 })
      await using other = await observed({ interval: 20 })
      await eventually("many heartbeats of the other", () => other.log.heartbeats.length > 20)
      assert.equal(one.log.heartbeats.length, 1)
      assert.deepEqual(one.log.notices, [])
    })

    test("all that was published before a heartbeat was sent has been told before it is back", async () => {
      await using feed = await observed({ interval: 20 })
      for (let version = 1; version <= 20; version++) {
        await server.cli("PUBLISH", CHANNEL, `c own ${version}`)
        const publishedAt = performance.now()
        await eventually("a later heartbeat", () => (feed.log.heartbeats.at(-1) ?? 0) > publishedAt)
        assert.ok(
          feed.log.notices.some(notice => notice.kind === "changed" && notice.version === version) ||
            feed.log.recoveries > 0,
        )
      }
    })

    for (const type of ["pubsub", "normal"]) {
      test(`a killed ${type} connection is a gap, and it comes back`, async () => {
        await using feed = await observed()
        await recovers(feed, () => server.cli("CLIENT", "KILL", "TYPE", type))
      })
    }

    test("a server that is killed and started again is a gap, and it comes back", async () => {
      await using feed = await observed()
      await recovers(feed, async () => {
        await server.kill()
        await eventually("told", () => !feed.log.isConnected)
        await server.start()
      })
    })

    test("G4: a half-open connection is found by its heartbeats", async () => {
      const proxy = await startFaultProxy({ port: server.port })
      try {
        await using feed = await observed({ port: proxy.port })
        const heartbeats = feed.log.heartbeats.length
        await recovers(feed, async () => {
          proxy.halfOpen()
          await eventually("told", () => !feed.log.isConnected)
          proxy.heal()
        })
        assert.ok(feed.log.heartbeats.length > heartbeats)
      } finally {
        await proxy.close()
      }
    })

    test("what the server drops because too much is waiting is a gap", async () => {
      await using feed = await observed()
      const script = "for i = 1, 500 do redis.call('PUBLISH', ARGV[1], 'r ' .. string.rep('x', 10000)) end"
      await server.cli("CONFIG", "SET", "client-output-buffer-limit", "pubsub 65536 65536 1")
      try {
        await recovers(feed, () => server.cli("EVAL", script, "0", CHANNEL))
      } finally {
        await server.cli("CONFIG", "SET", "client-output-buffer-limit", "pubsub 33554432 8388608 60")
      }
    })

    test("a server that has become a replica is left", async () => {
      await using feed = await observed()
      await server.cli("REPLICAOF", "127.0.0.1", "1")
      await eventually("told why", () => feed.log.reasons.some(reason => reason.includes("replica")))
      await server.cli("REPLICAOF", "NO", "ONE")
      await eventually("back", () => feed.log.isConnected)
    })

    test("a process that stood still takes nothing for dead whose answers are waiting", async () => {
      await using feed = await observed({ interval: 200 })
      await eventually("some heartbeats", () => feed.log.heartbeats.length > 2)
      const told = feed.log.heartbeats.length
      const end = performance.now() + 1_500
      while (performance.now() < end);
      await eventually("a heartbeat after it", () => feed.log.heartbeats.length > told)
      assert.deepEqual(feed.log.transitions, ["connected"])
    })

    test("closing frees every connection, also while it connects", async () => {
      await using given = await single(server.port)
      const connections = async (): Promise<number> => (await server.cli("CLIENT", "LIST")).split("\n").length
      const before = await connections()
      const source = subscriberSource(given.client)
      const open = () =>
        openPubSubFeed({ source, channels: [CHANNEL], observer: new FeedLog(), heartbeatInterval: 100 })
      const feeds = Array.from({ length: 5 }, open)
      await Promise.all(feeds.slice(0, 2).map(feed => feed.close()))
      await new Promise(resolve => setImmediate(resolve))
      await Promise.all(feeds.map(feed => feed.close()))
      await eventually("no connection more than before", async () => (await connections()) <= before)
    })
  })
}

test("what is no client of either library is refused", () => {
  assert.throws(() => subscriberSource({ send: () => undefined }), { code: "ERR_SESSION_CONFIG" })
})
