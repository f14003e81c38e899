import assert from "node:assert/strict"
import { test } from "node:test"
import { type ListenFeedOptions, openListenFeed } from "../../../src/stores/postgres/feed.ts"
import { payloadsOf } from "../../../src/stores/postgres/notices.ts"
import { Trace } from "../feed-trace.ts"
import { FakeDatabase } from "./feed-fake.ts"
import { INTERVAL, intervals, REVOKED, refusing, scene } from "./feed-scene.ts"

test("close in the middle of connecting ends the attempt and tells nothing", async t => {
  const database = new FakeDatabase()
  let arrive = (): void => {}
  const connect: ListenFeedOptions["connect"] = async () => {
    await new Promise<void>(resolve => {
      arrive = resolve
    })
    return database.connect()
  }
  const { feed, trace, pass } = await scene(t, { connect }, database)
  await Promise.all([feed.close(), feed.close()])
  arrive()
  await pass(60_000)
  assert.ok(database.latest.destroyed)
  assert.deepEqual(trace.told, [])
})

test("close in the same turn in which the connection comes hangs it up", async t => {
  const database = new FakeDatabase()
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] })
  for (let microtasks = 0; microtasks < 12; microtasks++) {
    const { connect, publish } = database
    const observer = new Trace()
    const feed = openListenFeed({
      connect,
      publish,
      observer,
      channel: "channel",
      heartbeatInterval: INTERVAL,
    })
    for (let passed = 0; passed < microtasks; passed++) await undefined
    await feed.close()
    assert.ok(database.clients.every(({ destroyed }) => destroyed))
  }
  assert.equal(database.clients.length, 12)
})

test("close tells the end once, hangs up, and nothing is told afterwards", async t => {
  const whole = await scene(t)
  const { database, feed, trace } = whole
  await Promise.all([feed.close(), feed.close()])
  await feed.close()
  assert.deepEqual(trace.told, ["connected", "disconnected"])
  assert.deepEqual(trace.reasons, [undefined])
  assert.ok(database.latest.ended && database.latest.destroyed)
  database.latest.events.emit("notification", { channel: "channel", payload: payloadsOf([REVOKED])[0] })
  database.latest.events.emit("error", new Error("late"))
  await intervals(whole, 100)
  assert.equal(trace.told.length, 2)
  assert.equal(database.clients.length, 1)
})

test("close between two attempts ends the pause", async t => {
  const database = refusing()
  const { feed, trace, pass } = await scene(t, {}, database)
  await feed.close()
  await pass(60_000)
  assert.deepEqual(trace.told, ["disconnected"])
})

test("an observer that closes the feed in the middle of a payload is told no more of it", async t => {
  const database = new FakeDatabase()
  const trace = new Trace()
  const { feed } = await scene(t, { observer: trace }, database)
  trace.notice = notice => {
    trace.told.push(notice)
    void feed.close()
  }
  database.deliver(payloadsOf([REVOKED, REVOKED])[0] ?? "")
  await feed.close()
  assert.deepEqual(trace.told, ["connected", REVOKED, "disconnected"])
})
