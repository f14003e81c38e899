import assert from "node:assert/strict"
import { test } from "node:test"
import { setImmediate as nextTurn } from "node:timers/promises"
import { isSessionError } from "../../../src/contract/errors.ts"
import type { ListenFeedOptions } from "../../../src/stores/postgres/feed.ts"
import { heartbeatPayload, payloadsOf } from "../../../src/stores/postgres/notices.ts"
import { FakeDatabase } from "./feed-fake.ts"
import { INTERVAL, intervals, REVOKED, refusing, scene, silent } from "./feed-scene.ts"

test("connected is told when the first heartbeat has come back, and no notice before that", async t => {
  const { database, trace } = await scene(t, {}, silent())
  assert.match(database.latest.queries.join(), /LISTEN "channel"/)
  database.deliver(payloadsOf([REVOKED])[0] ?? "")
  assert.deepEqual(trace.told, [])
  database.deliver(database.published[0] ?? "")
  assert.deepEqual(trace.told, ["connected"])
  assert.equal(trace.heartbeats.length, 1)
})

test("a heartbeat is published each interval and told with the time before it was sent", async t => {
  const before = performance.now()
  const whole = await scene(t)
  await intervals(whole, 3)
  const { trace, database } = whole
  assert.equal(trace.heartbeats.length, 4)
  assert.deepEqual(
    trace.heartbeats,
    trace.heartbeats.toSorted((a, b) => a - b),
  )
  assert.ok(trace.heartbeats.every(sentAt => sentAt >= before && sentAt <= performance.now()))
  assert.equal(new Set(database.published).size, 4)
})

test("G4: the time of a heartbeat is taken before it is published, not when it comes back", async t => {
  const database = silent()
  const { trace } = await scene(t, {}, database)
  const published = performance.now()
  database.deliver(database.published[0] ?? "")
  assert.ok((trace.heartbeats[0] ?? published) < published)
})

test("only a feed's own latest heartbeat counts", async t => {
  const whole = await scene(t)
  const { database, trace } = whole
  database.delivers = false
  await intervals(whole, 1)
  database.deliver(heartbeatPayload("somebody-else", 2))
  database.deliver(database.published[0] ?? "")
  assert.equal(trace.heartbeats.length, 1)
  database.deliver(database.published[1] ?? "")
  database.deliver(database.published[1] ?? "")
  assert.equal(trace.heartbeats.length, 2)
})

test("notices are told in their order, those of other channels not at all", async t => {
  const { database, trace } = await scene(t)
  const notices = [REVOKED, { kind: "changed", id: "x", version: 3 }, { kind: "allRevoked" }] as const
  database.deliver(payloadsOf([{ kind: "allRevoked" }])[0] ?? "", "other")
  for (const notice of notices) database.deliver(payloadsOf([notice])[0] ?? "")
  assert.deepEqual(trace.notices, notices)
})

test("G4: a notice that cannot be read makes all that is remembered distrusted", async t => {
  const { database, trace } = await scene(t)
  database.deliver("2 from the future")
  assert.deepEqual(trace.told, ["connected", "disconnected", "connected"])
  assert.ok(isSessionError(trace.reasons[0], "ERR_SESSION_STORE_CORRUPT"))
  assert.equal(database.clients.length, 1)
})

test("G4: a channel that is silent for four intervals is given up without waiting for its end, and opened anew", async t => {
  const whole = await scene(t)
  const { database, trace, pass } = whole
  database.delivers = false
  await intervals(whole, 4)
  assert.deepEqual(trace.told, ["connected"])
  await intervals(whole, 1)
  assert.deepEqual(trace.told, ["connected", "disconnected"])
  assert.ok(isSessionError(trace.reasons[0], "ERR_SESSION_STORE_UNAVAILABLE"))
  assert.ok(database.clients[0]?.destroyed)
  database.delivers = true
  await pass(50)
  assert.deepEqual(trace.told, ["connected", "disconnected", "connected"])
  assert.equal(database.clients.length, 2)
})

test("after a pause of the process, what waits to be read is read before the channel is judged", async t => {
  const whole = await scene(t)
  const { database, trace } = whole
  database.delivers = false
  await intervals(whole, 4)
  t.mock.timers.tick(INTERVAL)
  // The event loop reads its sockets after the timers and their microtasks.
  for (let microtask = 0; microtask < 10; microtask++) await undefined
  database.deliver(database.published.at(-1) ?? "")
  await nextTurn()
  await nextTurn()
  assert.deepEqual(trace.told, ["connected"])
})

test("a pooler that accepts LISTEN and delivers nothing is told of, with the way out", async t => {
  const whole = await scene(t, {}, silent())
  await intervals(whole, 4)
  assert.deepEqual(whole.trace.told, ["disconnected"])
  assert.match(String(whole.trace.reasons[0]), /set listenUrl to a session connection/)
})

test("G4: the connection that listens asks for nothing but LISTEN, so that no pooler can answer for the channel", async t => {
  const whole = await scene(t)
  await intervals(whole, 5)
  assert.equal(whole.trace.heartbeats.length, 6)
  assert.equal(whole.database.latest.queries.length, 1)
})

test("a server that does not answer LISTEN is given up", async t => {
  const database = Object.assign(new FakeDatabase(), { answers: false })
  const whole = await scene(t, {}, database)
  await intervals(whole, 4)
  assert.match(String(whole.trace.reasons[0]), /no answer to LISTEN/)
  assert.ok(database.clients[0]?.destroyed)
})

test("one heartbeat that cannot be published does not cost the connection, failing for four intervals does", async t => {
  const whole = await scene(t)
  const { database, trace } = whole
  database.publishError = new Error("the pool is busy")
  await intervals(whole, 2)
  database.publishError = undefined
  await intervals(whole, 1)
  assert.equal(trace.heartbeats.length, 2)
  database.publishError = new Error("the pool is dead")
  await intervals(whole, 5)
  assert.deepEqual(trace.told, ["connected", "disconnected"])
  assert.match(String(trace.reasons[0]), /the pool is dead/)
})

test("a connection that ends or fails is replaced", async t => {
  const whole = await scene(t)
  const { database, trace, pass } = whole
  database.latest.events.emit("error", new Error("terminated by the administrator"))
  database.latest.events.emit("error", new Error("once more"))
  await nextTurn()
  assert.deepEqual(trace.told, ["connected", "disconnected"])
  assert.match(String(trace.reasons[0]), /terminated by the administrator/)
  await pass(50)
  database.latest.events.emit("end")
  await pass(50)
  await pass(50)
  assert.deepEqual(trace.told, ["connected", "disconnected", "connected", "disconnected", "connected"])
})

test("attempts go on for ever, with pauses that grow from 50 ms to 5 s", async t => {
  const database = refusing()
  const { trace, pass } = await scene(t, { random: () => 1 }, database)
  for (const milliseconds of [100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000]) {
    const before = trace.count("disconnected")
    await pass(milliseconds - 1)
    assert.equal(trace.count("disconnected"), before)
    await pass(1)
    assert.equal(trace.count("disconnected"), before + 1)
  }
  assert.match(String(trace.reasons[0]), /refused/)
  database.connectError = undefined
  await pass(5000)
  assert.equal(trace.told.at(-1), "connected")
})

test("full jitter: a pause is anything from 50 ms up", async t => {
  const database = refusing()
  const { trace, pass } = await scene(t, {}, database)
  for (let attempt = 1; attempt <= 10; attempt++) {
    assert.equal(trace.count("disconnected"), attempt)
    await pass(50)
  }
})

test("a connection that does not come is given up after ten seconds, and hung up if it comes later", async t => {
  const database = new FakeDatabase()
  const signals: AbortSignal[] = []
  let arrive = (): void => {}
  const connect: ListenFeedOptions["connect"] = async signal => {
    signals.push(signal)
    await new Promise<void>(resolve => {
      arrive = resolve
    })
    return database.connect()
  }
  const { trace, pass } = await scene(t, { connect }, database)
  const late = arrive
  await pass(10_000)
  assert.ok(signals[0]?.aborted)
  assert.deepEqual(trace.told, ["disconnected"])
  late()
  await nextTurn()
  assert.ok(database.clients[0]?.destroyed)
})
