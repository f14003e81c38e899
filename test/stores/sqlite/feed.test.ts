import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { type TestContext, test } from "node:test"
import { setImmediate as nextTurn } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { isObservable } from "../../../src/contract/store.ts"
import { openVersionFeed } from "../../../src/stores/sqlite/feed.ts"
import { createSqliteStore, type SqliteSessionStore } from "../../../src/stores/sqlite/index.ts"
import { changes, dataOf } from "../../../src/testing/index.ts"
import { eventually } from "../../services/eventually.ts"
import { Trace } from "../feed-trace.ts"
import { aRecord, setting } from "./a-record.ts"
import { outputOf, start } from "./processes.ts"
import { temporaryDirectory } from "./temporary-directory.ts"

const INTERVAL = 20
const directory = await temporaryDirectory()

/** Another process with the database open. Resolves when it has done what it was told. */
async function otherProcess(t: TestContext, path: string): Promise<(order: string) => Promise<void>> {
  const script = fileURLToPath(new URL("./ordered-child.ts", import.meta.url))
  const child = spawn(process.execPath, [script, JSON.stringify({ path })], {
    stdio: ["pipe", "pipe", "inherit"],
  })
  t.after(() => child.kill())
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  assert.equal((await answers.next()).value, "ready")
  return async order => {
    child.stdin.write(`${order}\n`)
    assert.equal((await answers.next()).value, "done")
  }
}

/** Waits for a heartbeat that was sent after this call. */
async function heartbeatFromNow(trace: Trace): Promise<void> {
  const now = performance.now()
  await eventually("a heartbeat", () => trace.heartbeats.some(sentAt => sentAt >= now))
}

async function openAndObserve(
  t: TestContext,
  name: string,
  writer: "thread" | "main",
): Promise<{ store: SqliteSessionStore; trace: Trace; path: string }> {
  const path = join(directory, `${name}-${writer}.db`)
  const store = await createSqliteStore({ path, writer, durability: "normal" })
  t.after(() => store.close())
  const trace = new Trace()
  store.observe(trace, { heartbeatInterval: INTERVAL })
  await trace.connections(1)
  return { store, trace, path }
}

/** More than the WAL holds before it is moved into the database. */
async function writeMuch(store: SqliteSessionStore): Promise<void> {
  const text = JSON.stringify("x".repeat(60_000))
  for (let group = 0; group < 10; group++) {
    await store.apply(
      Array.from({ length: 10 }, () => changes.create(aRecord({ data: dataOf(["key", text]) }))),
    )
  }
}

for (const writer of ["thread", "main"] as const) {
  test(`G4: a revocation by another process is told with the next heartbeat (writer ${writer})`, async t => {
    const { store, trace, path } = await openAndObserve(t, "revoked", writer)
    const record = aRecord()
    await store.apply([changes.create(record)])
    const tell = await otherProcess(t, path)
    await heartbeatFromNow(trace)
    trace.told.length = 0
    await tell(`revoke ${record.id}`)
    await heartbeatFromNow(trace)
    assert.deepEqual(trace.told, ["disconnected", "connected"])
    assert.equal(store.findNow(record.id), undefined)
  })

  test(`what another process reads, or tries in vain, is not told (writer ${writer})`, async t => {
    const { store, trace, path } = await openAndObserve(t, "read", writer)
    const record = aRecord()
    await store.apply([changes.create(record)])
    const tell = await otherProcess(t, path)
    await heartbeatFromNow(trace)
    trace.told.length = 0
    await tell(`read ${record.id}`)
    await tell("revoke no-such-session")
    await heartbeatFromNow(trace)
    assert.deepEqual(trace.told, [])
  })

  test(`what the store itself writes is not told, whatever it is (writer ${writer})`, async t => {
    const { store, trace } = await openAndObserve(t, "own", writer)
    const record = aRecord()
    await store.apply([changes.create(record)])
    await store.apply([setting(record.id, "key", "1"), changes.revoke(record)])
    await writeMuch(store)
    await store.hit([{ key: "key", window: 1000, limit: 5, cost: 1 }])
    await store.revokeAll()
    await store.sweep(Date.now(), 100)
    await heartbeatFromNow(trace)
    assert.deepEqual(trace.told, ["connected"])
  })

  test(`G4: a change by another process is told though the store has written since (writer ${writer})`, async t => {
    const { store, trace, path } = await openAndObserve(t, "between", writer)
    const tell = await otherProcess(t, path)
    await heartbeatFromNow(trace)
    trace.told.length = 0
    await tell("create")
    await store.apply([changes.create(aRecord())])
    await heartbeatFromNow(trace)
    assert.deepEqual(trace.told, ["disconnected", "connected"])
  })
}

test("another store of the same process counts as another process", async t => {
  const { trace, path } = await openAndObserve(t, "same-process", "thread")
  const other = await createSqliteStore({ path })
  t.after(() => other.close())
  await heartbeatFromNow(trace)
  trace.told.length = 0
  await other.apply([changes.create(aRecord())])
  await heartbeatFromNow(trace)
  assert.deepEqual(trace.told, ["disconnected", "connected"])
})

test("closing the store closes its feeds, and closing one twice does nothing", async () => {
  const store = await createSqliteStore({ path: join(directory, "closing.db") })
  const [one, other] = [new Trace(), new Trace()]
  const feed = store.observe(one, { heartbeatInterval: INTERVAL })
  store.observe(other, { heartbeatInterval: INTERVAL })
  await Promise.all([one.connections(1), other.connections(1)])
  await Promise.all([feed.close(), feed.close()])
  await feed.close()
  await store.close()
  assert.deepEqual(
    [one.told, other.told],
    [
      ["connected", "disconnected"],
      ["connected", "disconnected"],
    ],
  )
  assert.deepEqual([one.reasons, other.reasons], [[undefined], [undefined]])
  assert.throws(() => store.observe(one, { heartbeatInterval: INTERVAL }), { code: "ERR_SESSION_CLOSED" })
})

test("a feed that is closed at once tells nothing", async t => {
  const store = await createSqliteStore({ path: ":memory:" })
  t.after(() => store.close())
  assert.ok(isObservable(store))
  const trace = new Trace()
  await store.observe(trace, { heartbeatInterval: INTERVAL }).close()
  assert.deepEqual([trace.told, trace.heartbeats], [[], []])
})

test("a feed does not keep its process alive", async () => {
  const child = start("./observing-child.ts", { path: join(directory, "ending.db") })
  assert.equal(await outputOf(child), "observed\n")
})

test("G4: a failing database is told once, and connected again when it answers", async t => {
  t.mock.timers.enable({ apis: ["setTimeout"] })
  const trace = new Trace()
  let answer: () => number = () => 7
  const feed = openVersionFeed({
    observer: trace,
    heartbeatInterval: 100,
    dataVersion: async () => answer(),
  })
  const pass = async (): Promise<void> => {
    await nextTurn()
    t.mock.timers.tick(100)
    await nextTurn()
  }
  await pass()
  const failure = new Error("the disk is gone")
  answer = () => {
    throw failure
  }
  for (let interval = 0; interval < 5; interval++) await pass()
  assert.deepEqual(trace.told, ["connected", "disconnected"])
  assert.deepEqual(trace.reasons, [failure])
  answer = () => 7
  await pass()
  assert.deepEqual(trace.told, ["connected", "disconnected", "connected"])
  await feed.close()
})

test("G4: a heartbeat is as old as its question, and one question waits for the other", async t => {
  t.mock.timers.enable({ apis: ["setTimeout"] })
  const trace = new Trace()
  const answers: ((version: number) => void)[] = []
  const feed = openVersionFeed({
    observer: trace,
    heartbeatInterval: 100,
    dataVersion: () => new Promise(resolve => answers.push(resolve)),
  })
  const asked = performance.now()
  t.mock.timers.tick(1000)
  await nextTurn()
  assert.equal(answers.length, 1)
  answers[0]?.(1)
  await nextTurn()
  assert.ok((trace.heartbeats[0] ?? asked) < asked)
  await feed.close()
})
