import assert from "node:assert/strict"
import { once } from "node:events"
import { type AddressInfo, createServer, type Socket } from "node:net"
import { after, type TestContext, test } from "node:test"
import pg from "pg"
import type { Feed, Notice } from "../../../src/contract/feed.ts"
import { openListenFeed } from "../../../src/stores/postgres/feed.ts"
import { connectListener } from "../../../src/stores/postgres/listener-client.ts"
import { channelFor, payloadsOf } from "../../../src/stores/postgres/notices.ts"
import { eventually } from "../../services/eventually.ts"
import { startFaultProxy } from "../../services/fault-proxy.ts"
import { administrate, startPostgres } from "../../services/postgres.ts"
import { Trace } from "../feed-trace.ts"

const server = await startPostgres()
const CHANNEL = channelFor("public", "feed_")
const revoked = (id: string): Notice => ({ kind: "revoked", id })
const ids = (count: number, name: string): Notice[] =>
  Array.from({ length: count }, (_, index) => revoked(`${name}-${index}`.padEnd(22, "x")))

/** Milliseconds between heartbeats: a busy machine must not look like a dead channel, but where a test is about silence. */
const PATIENT = 2000
const QUICK = 100

/** The connections that notices and heartbeats are published over. */
function poolOf(url: string): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max: 2, connectionTimeoutMillis: 5000 })
  pool.on("error", () => {})
  return pool
}

const pool = poolOf(server.url)
after(async () => {
  await pool.end()
  await server.stop()
})

/** All of them in one transaction. */
const announce = (notices: readonly Notice[], channel = CHANNEL, through = pool): Promise<unknown> =>
  through.query("SELECT pg_notify($1, p) FROM unnest($2::text[]) AS p", [channel, payloadsOf(notices)])

interface Listening {
  readonly trace: Trace
  readonly feed: Feed
}

interface ListenOptions {
  readonly url?: string
  readonly channel?: string
  readonly interval?: number
  readonly publishing?: pg.Pool
  /** Settings of the listening session. */
  readonly settings?: string
}

function listen(t: TestContext, options: ListenOptions = {}): Listening {
  const { url = server.url, channel = CHANNEL, interval = PATIENT, publishing = pool, settings } = options
  const trace = new Trace()
  const config = { connectionString: url, application_name: "feed", ...(settings && { options: settings }) }
  const feed = openListenFeed({
    connect: signal => connectListener(new pg.Client(config), signal),
    publish: payload => publishing.query("SELECT pg_notify($1, $2)", [channel, payload]),
    channel,
    observer: trace,
    heartbeatInterval: interval,
  })
  t.after(() => feed.close())
  return { trace, feed }
}

/** What is announced now is told; before, it may have been lost. */
async function stillHears(trace: Trace): Promise<void> {
  const last = revoked(`last-${trace.notices.length}`)
  await eventually("a notice is told again", () => {
    void announce([last]).catch(() => {})
    return trace.notices.some(notice => JSON.stringify(notice) === JSON.stringify(last))
  })
}

const backends = async (): Promise<number> =>
  (await administrate(server.url, "SELECT pid FROM pg_stat_activity WHERE application_name = 'feed'")).length

test("what other connections announce is told in the order of their commits", async t => {
  const { trace } = listen(t)
  await trace.connections(1)
  const notices: Notice[] = []
  for (let round = 0; round < 100; round++) {
    const group = [...ids(3, `r${round}`), { kind: "changed", id: `c${round}`, version: round } as const]
    notices.push(...group)
    await announce(group)
  }
  await eventually("all are told", () => trace.notices.length >= notices.length)
  assert.deepEqual(trace.notices, notices)
})

test("a thousand revocations in one transaction are told, which one payload cannot hold", async t => {
  const { trace } = listen(t)
  await trace.connections(1)
  const notices = ids(1000, "id")
  await announce(notices)
  await eventually("all are told", () => trace.notices.length >= notices.length)
  assert.deepEqual(trace.notices, notices)
})

test("a payload of 7999 bytes and the oddest of user ids arrive as they are, whatever the database's encoding", async t => {
  await administrate(server.url, "CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
  const url = Object.assign(new URL(server.url), { pathname: "/latin" }).href
  const publishing = poolOf(url)
  t.after(() => publishing.end())
  const { trace, feed } = listen(t, { url, publishing })
  await trace.connections(1)
  const odd = ["\0", "\ud800", "a\udfffb", "😀 \u2028", "', $1 \\ \n\t", "é".repeat(900)]
  const notices = [
    revoked("x".repeat(7996)),
    ...odd.map(userId => ({ kind: "userRevoked", userId }) as const),
  ]
  await announce(notices, CHANNEL, publishing)
  await eventually("all are told", () => trace.notices.length >= notices.length)
  assert.deepEqual(trace.notices, notices)
  await feed.close()
})

test("two installations in one database do not hear each other, whatever the length of their names", async t => {
  const schema = "s".repeat(63)
  const [one, other] = [channelFor(schema, "one_"), channelFor(schema, "other_")]
  const first = listen(t, { channel: one })
  const second = listen(t, { channel: other })
  await Promise.all([first.trace.connections(1), second.trace.connections(1)])
  await announce([revoked("of-one")], one)
  await announce([revoked("of-other")], other)
  await eventually("both are told", () => first.trace.notices.length + second.trace.notices.length === 2)
  assert.deepEqual(first.trace.notices, [revoked("of-one")])
  assert.deepEqual(second.trace.notices, [revoked("of-other")])
})

test("G4: a feed whose backend is terminated says so, connects again and hears again", async t => {
  const { trace } = listen(t)
  await trace.connections(1)
  await administrate(
    server.url,
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'feed'",
  )
  await trace.connections(2)
  assert.deepEqual(trace.told, ["connected", "disconnected", "connected"])
  assert.match(String(trace.reasons[0]), /administrator|ended by the server|terminated/)
  await stillHears(trace)
})

test("G4: a feed outlives a restart of the server", async t => {
  const { trace } = listen(t)
  await trace.connections(1)
  await server.restart()
  await trace.connections(2)
  await stillHears(trace)
})

test("G4: a feed outlives cut connections and a time without any", async t => {
  const proxy = await startFaultProxy({ port: Number(new URL(server.url).port) })
  t.after(() => proxy.close())
  const { trace } = listen(t, { url: proxy.via(server.url) })
  await trace.connections(1)
  proxy.refuse()
  proxy.cut()
  await eventually("attempts are refused", () => proxy.stats.refused >= 2)
  assert.equal(trace.count("connected"), 1)
  proxy.heal()
  await trace.connections(2)
  await stillHears(trace)
})

test("G4: a half-open connection is found by its silence, and nothing is trusted until the network is back", async t => {
  const proxy = await startFaultProxy({ port: Number(new URL(server.url).port) })
  t.after(() => proxy.close())
  const { trace } = listen(t, { url: proxy.via(server.url), interval: QUICK })
  await trace.connections(1)
  proxy.halfOpen()
  await eventually("the silence is noticed", () => trace.told.at(-1) === "disconnected")
  const heartbeats = trace.heartbeats.length
  assert.match(String(trace.reasons.at(-1)), /silent for 400 ms/)
  await eventually("it is tried again", () => proxy.stats.open >= 2)
  assert.equal(trace.heartbeats.length, heartbeats)
  proxy.heal()
  await trace.connections(2)
  await stillHears(trace)
})

test("G4: over a slow network a heartbeat is as old as its way was long", async t => {
  const proxy = await startFaultProxy({ port: Number(new URL(server.url).port) })
  t.after(() => proxy.close())
  proxy.delay(300, { direction: "down" })
  const { trace } = listen(t, { url: proxy.via(server.url), interval: 250 })
  const ages: number[] = []
  trace.heartbeat = sentAt => void ages.push(performance.now() - sentAt)
  await eventually("three heartbeats", () => ages.length >= 3, 60_000)
  assert.ok(
    ages.every(age => age >= 299),
    String(ages),
  )
})

test("a pause of the process is not taken for a dead channel", async t => {
  const { trace } = listen(t, { interval: 500 })
  await trace.connections(1)
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2600)
  await trace.nextHeartbeat()
  await trace.nextHeartbeat()
  assert.deepEqual(trace.told, ["connected"])
})

test("a server's idle_session_timeout does not end the feed's connection", async t => {
  const { trace } = listen(t, { interval: QUICK, settings: "-c idle_session_timeout=150" })
  await trace.connections(1)
  for (let heartbeat = 0; heartbeat < 5; heartbeat++) await trace.nextHeartbeat()
  assert.ok(!trace.reasons.some(reason => /idle/.test(String(reason))), String(trace.reasons))
})

test("G4: listening to another database than the store's is never taken for connected", async t => {
  await administrate(server.url, "CREATE DATABASE elsewhere TEMPLATE template0")
  const url = Object.assign(new URL(server.url), { pathname: "/elsewhere" }).href
  const { trace } = listen(t, { url, interval: QUICK })
  await eventually("it is told", () => trace.reasons.length > 0)
  assert.match(String(trace.reasons[0]), /set listenUrl/)
  assert.equal(trace.count("connected"), 0)
})

test("close ends the session on the server, and a second one does nothing", async t => {
  const { trace, feed } = listen(t)
  await trace.connections(1)
  await Promise.all([feed.close(), feed.close()])
  await feed.close()
  await eventually("no session is left", async () => (await backends()) === 0)
  assert.equal(trace.told.at(-1), "disconnected")
})

test("close while the server accepts and says nothing frees the socket at once", async t => {
  const silent = createServer()
  silent.listen(0, "127.0.0.1")
  t.after(() => silent.close())
  await once(silent, "listening")
  const url = Object.assign(new URL(server.url), { port: (silent.address() as AddressInfo).port }).href
  const { trace, feed } = listen(t, { url })
  const [socket]: Socket[] = await once(silent, "connection")
  assert.ok(socket)
  socket.resume()
  const ended = once(socket, "close")
  await feed.close()
  await ended
  assert.deepEqual(trace.told, [])
})
