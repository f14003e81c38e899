import assert from "node:assert/strict"
import { type TestContext, test } from "node:test"
import { setImmediate as turn } from "node:timers/promises"
import { isSessionError } from "../../../src/contract/errors.ts"
import { openPubSubFeed, type PubSubFeedOptions } from "../../../src/stores/redis/feed.ts"
import { eventually } from "../../services/eventually.ts"
import { type FakeConnection, FakeServers } from "./feed-fakes.ts"
import { FeedLog } from "./feed-log.ts"

function observed(t: TestContext, servers: FakeServers, options: Partial<PubSubFeedOptions> = {}) {
  const log = new FeedLog()
  const feed = openPubSubFeed({
    source: servers,
    channels: servers.channels,
    observer: log,
    heartbeatInterval: 10,
    random: () => 0,
    ...options,
  })
  t.after(() => feed.close())
  return { log, feed }
}

const NEVER = { heartbeatInterval: 1_000_000 }

test("it is connected once every master has confirmed and a heartbeat of every channel is back", async t => {
  const servers = new FakeServers(["{0}:feed", "{1}:feed"], ["{2}:feed"])
  servers.onOpen = connection => Object.assign(connection, { answer: "silence", confirms: false })
  const { log } = observed(t, servers, NEVER)
  await eventually("opened", () => servers.connections.length === 2)
  const [one, other] = [servers.last(0), servers.last(1)]
  one.confirm()
  await turn()
  assert.deepEqual([...one.published, ...other.published], [], "the other master has not confirmed yet")
  other.confirm()
  await eventually(
    "heartbeats through all channels",
    () => one.published.length + other.published.length === 3,
  )
  assert.deepEqual(
    one.published.map(({ channel }) => channel),
    ["{0}:feed", "{1}:feed"],
  )
  one.deliverPublished()
  await turn()
  assert.deepEqual(log.events, [], "the other master's heartbeat is missing")
  other.deliverPublished()
  await turn()
  assert.deepEqual(
    log.events.map(({ kind }) => kind),
    ["connected", "heartbeat"],
  )
})

test("a heartbeat counts from before it was published, and only when all masters' are back", async t => {
  const servers = new FakeServers(["{0}:feed"], ["{1}:feed"])
  const { log } = observed(t, servers, { heartbeatInterval: 500 })
  await eventually("connected", () => log.isConnected)
  const slow = servers.last(1)
  slow.answer = "silence"
  slow.published.length = 0
  await eventually("a round that has begun", () => slow.published.length === 1)
  const told = log.heartbeats.length
  const deliveredAt = performance.now()
  slow.deliverPublished()
  await eventually("told", () => log.heartbeats.length > told)
  assert.ok((log.heartbeats[told] ?? Number.POSITIVE_INFINITY) < deliveredAt)
  assert.deepEqual(
    log.heartbeats,
    [...log.heartbeats].sort((a, b) => a - b),
  )
})

test("each channel of a master has its turn to carry the heartbeat", async t => {
  const servers = new FakeServers(["{0}:feed", "{1}:feed", "{2}:feed"])
  const { log } = observed(t, servers)
  await eventually("some rounds", () => log.heartbeats.length >= 8)
  const carriers = servers
    .last()
    .published.slice(3, 9)
    .map(({ channel }) => channel)
  assert.deepEqual(
    carriers,
    [1, 2, 0, 1, 2, 0].map(bucket => `{${bucket}}:feed`),
  )
})

test("notices are told in order, and none before it is connected", async t => {
  const servers = new FakeServers(["{0}:feed"])
  servers.onOpen = connection => Object.assign(connection, { answer: "silence" })
  const { log } = observed(t, servers, NEVER)
  await eventually("the first heartbeat", () => servers.connections[0]?.published.length === 1)
  const connection = servers.last()
  connection.deliver("r early")
  connection.deliverPublished()
  await eventually("connected", () => log.isConnected)
  for (const text of ["r first", "c second 2", "a", 'u {"userId":"ada"}']) connection.deliver(text)
  assert.deepEqual(log.notices, [
    { kind: "revoked", id: "first" },
    { kind: "changed", id: "second", version: 2 },
    { kind: "allRevoked" },
    { kind: "userRevoked", userId: "ada" },
  ])
})

test("the heartbeats of other feeds are nothing to it", async t => {
  const servers = new FakeServers(["{0}:feed"])
  servers.onOpen = connection => Object.assign(connection, { answer: "silence" })
  const { log } = observed(t, servers, NEVER)
  await eventually("the first heartbeat", () => servers.connections[0]?.published.length === 1)
  servers.last().deliver("h another 1")
  await turn()
  assert.deepEqual(log.events, [])
})

test("a message that it does not understand is a gap, and the connection stays", async t => {
  const servers = new FakeServers(["{0}:feed"])
  const { log } = observed(t, servers, NEVER)
  await eventually("connected", () => log.isConnected)
  servers.last().deliver("z something new")
  assert.deepEqual(log.transitions, ["connected", "disconnected", "connected"])
  assert.match(log.reasons[0] ?? "", /z something new/)
  assert.equal(servers.attempts, 1)
})

interface Trouble {
  readonly reason: RegExp
  begin(connection: FakeConnection): void
}

const troubles: Record<string, Trouble> = {
  "an error or a closed connection": {
    reason: /ECONNRESET/,
    begin: connection => connection.lose(new Error("read ECONNRESET")),
  },
  "a heartbeat that the server refuses": {
    reason: /MOVED/,
    begin: connection => Object.assign(connection, { answer: "refusal" }),
  },
  "silence of four intervals": {
    reason: /no heartbeat came back/,
    begin: connection => Object.assign(connection, { answer: "silence" }),
  },
  "a heartbeat that is missing in the sequence": {
    reason: /messages were lost/,
    begin: connection => {
      connection.answer = "silence"
      connection.published.length = 0
      void eventually("two heartbeats", () => connection.published.length === 2).then(() => {
        connection.published.shift()
        connection.deliverPublished()
      })
    },
  },
}

for (const [name, { reason, begin }] of Object.entries(troubles)) {
  test(`${name} is told as disconnected; all connections are closed, and opened anew`, async t => {
    const servers = new FakeServers(["{0}:feed"], ["{1}:feed"])
    const { log } = observed(t, servers, { heartbeatInterval: 200 })
    await eventually("connected", () => log.isConnected)
    const [one, other] = [servers.last(0), servers.last(1)]
    begin(other)
    await eventually("recovered", () => log.recoveries === 1)
    assert.deepEqual(log.transitions, ["connected", "disconnected", "connected"])
    assert.deepEqual([one.closed, other.closed, servers.open], [true, true, 2])
    assert.equal(servers.attempts, 2)
    one.deliver("r late")
    assert.deepEqual(log.notices, [], "what an old connection still brings is not told")
    assert.match(log.reasons[0] ?? "", reason)
    const told = log.events.find(event => event.kind === "disconnected")?.reason
    assert.ok(isSessionError(told, "ERR_SESSION_STORE_UNAVAILABLE") && told.cause instanceof Error)
  })
}

const failures: Record<string, (servers: FakeServers) => void> = {
  "that does not find the masters": servers => {
    servers.onLocate = attempt => {
      if (attempt < 3) throw new Error("nobody answers")
    }
  },
  "that a master refuses": servers => {
    servers.onOpen = connection => {
      if (servers.attempts < 3) connection.refuse(new Error("MOVED 7 127.0.0.1:7"))
    }
  },
  "that is never confirmed": servers => {
    servers.onOpen = connection => Object.assign(connection, { confirms: servers.attempts >= 3 })
  },
  "whose first heartbeat never comes back": servers => {
    servers.onOpen = connection =>
      Object.assign(connection, { answer: servers.attempts < 3 ? "silence" : "echo" })
  },
}

for (const [name, arrange] of Object.entries(failures)) {
  test(`an attempt ${name} is told, ended and made again`, async t => {
    const servers = new FakeServers(["{0}:feed"], ["{1}:feed"])
    arrange(servers)
    const { log } = observed(t, servers, { openTimeout: 30 })
    await eventually("connected", () => log.isConnected)
    assert.deepEqual(log.transitions, ["disconnected", "disconnected", "connected"])
    assert.deepEqual([servers.attempts, servers.open], [3, 2])
  })
}

test("it comes back after pauses that double from 50 ms to 5 s, with full jitter, and never gives up", async t => {
  t.mock.timers.enable({ apis: ["setTimeout"] })
  const servers = new FakeServers(["{0}:feed"])
  servers.onLocate = () => {
    throw new Error("nobody answers")
  }
  let jitter = 1
  observed(t, servers, { random: () => jitter })
  for (const pause of [50, 100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000, 2500]) {
    await turn()
    const attempts = servers.attempts
    t.mock.timers.tick(pause - 1)
    assert.equal(servers.attempts, attempts, `${pause} ms are not over`)
    if (attempts === 10) jitter = 0.5
    t.mock.timers.tick(1)
    assert.equal(servers.attempts, attempts + 1, `after ${pause} ms`)
  }
})

for (const [heartbeats, pause] of [
  [1, 200],
  [2, 50],
] as const) {
  test(`after ${heartbeats} heartbeats that came back, the next pause is at most ${pause} ms`, async t => {
    t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] })
    const servers = new FakeServers(["{0}:feed"])
    servers.onLocate = attempt => {
      if (attempt < 3) throw new Error("nobody answers")
    }
    const { log } = observed(t, servers, { random: () => 1 })
    for (const milliseconds of [50, 100, 10]) {
      await turn()
      if (log.heartbeats.length < heartbeats) t.mock.timers.tick(milliseconds)
    }
    await turn()
    assert.equal(log.heartbeats.length, heartbeats)
    servers.last().lose(new Error("gone"))
    t.mock.timers.tick(pause - 1)
    assert.equal(servers.attempts, 3)
    t.mock.timers.tick(1)
    assert.equal(servers.attempts, 4)
  })
}
