import assert from "node:assert/strict"
import { type TestContext, test } from "node:test"
import { setTimeout as sleep } from "node:timers/promises"
import type { Feed, FeedObserver } from "../../../src/contract/feed.ts"
import { openPubSubFeed } from "../../../src/stores/redis/feed.ts"
import { eventually } from "../../services/eventually.ts"
import { FakeServers } from "./feed-fakes.ts"
import { FeedLog } from "./feed-log.ts"

const open = (servers: FakeServers, observer: FeedObserver): Feed =>
  openPubSubFeed({ source: servers, channels: servers.channels, observer, heartbeatInterval: 10 })

interface Stage {
  arrange?(servers: FakeServers): void
  isReached(servers: FakeServers, log: FeedLog): boolean
}

const stages: Record<string, Stage> = {
  "that has only just been opened": { isReached: () => true },
  "that asks where the masters are": {
    arrange: servers => {
      servers.onLocate = () => sleep(20)
    },
    isReached: servers => servers.attempts === 1,
  },
  "that waits for the server's confirmation": {
    arrange: servers => {
      servers.onOpen = connection => Object.assign(connection, { confirms: false })
    },
    isReached: servers => servers.open === 1,
  },
  "that waits for its first heartbeat": {
    arrange: servers => {
      servers.onOpen = connection => Object.assign(connection, { answer: "silence" })
    },
    isReached: servers => servers.connections[0]?.published.length === 1,
  },
  "that is connected": { isReached: (_servers, log) => log.isConnected },
  "that pauses before another attempt": {
    arrange: servers => {
      servers.onLocate = () => {
        throw new Error("nobody answers")
      }
    },
    isReached: (_servers, log) => log.count("disconnected") > 0,
  },
}

for (const [name, stage] of Object.entries(stages)) {
  test(`closing a feed ${name} ends it for good, and a second time does nothing`, async () => {
    const servers = new FakeServers(["{0}:feed"])
    const log = new FeedLog()
    stage.arrange?.(servers)
    const feed = open(servers, log)
    await eventually(name, () => stage.isReached(servers, log))
    const wasConnected = log.isConnected
    await Promise.all([feed.close(), feed.close()])
    await feed.close()
    assert.equal(log.isConnected, false)
    assert.equal(
      log.reasons.at(-1) === "undefined",
      wasConnected,
      "disconnected, for no reason, if it was connected",
    )
    const { events } = log
    const told = events.length
    const attempts = servers.attempts
    for (const connection of servers.connections) {
      connection.confirm()
      connection.deliver("r late")
      connection.deliverPublished()
      connection.lose(new Error("closed"))
    }
    await sleep(100)
    assert.deepEqual(events.slice(told), [])
    assert.deepEqual([servers.attempts, servers.open], [attempts, 0])
  })
}

const callbacks = ["connected", "heartbeat", "notice", "disconnected"] as const

for (const callback of callbacks) {
  test(`an observer may close the feed when it is told ${callback}`, async (t: TestContext) => {
    const servers = new FakeServers(["{0}:feed"])
    const log = new FeedLog()
    const observer = Object.assign(new FeedLog(), {
      connected: () => log.connected(),
      disconnected: (reason?: unknown) => log.disconnected(reason),
      heartbeat: (sentAt: number) => log.heartbeat(sentAt),
      notice: () => log.notice({ kind: "allRevoked" }),
    })
    const tell = observer[callback] as (...facts: unknown[]) => void
    const feed = open(
      servers,
      Object.assign(observer, {
        [callback]: (...facts: unknown[]) => {
          tell(...facts)
          void feed.close()
        },
      }),
    )
    t.after(() => feed.close())
    await eventually(callback, () => {
      servers.connections[0]?.deliver("a")
      if (log.count("heartbeat") > 1) servers.last().lose(new Error("gone"))
      return log.count(callback) > 0
    })
    const told = log.events.length
    await sleep(100)
    assert.deepEqual(log.events.slice(told), [])
    assert.equal(log.isConnected, false)
    assert.equal(servers.open, 0)
  })
}
