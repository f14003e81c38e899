/** The faults of the reference design for sessions in PostgreSQL (gopgsession), each as what happens here instead. */
import assert from "node:assert/strict"
import { after, test } from "node:test"
import { createPostgresStore } from "../../../src/stores/postgres/index.ts"
import { changes, dataOf, ManualClock, RecordBuilder, SeededRandom } from "../../../src/testing/index.ts"
import { postgresUrl } from "../../services/postgres.ts"
import { listenTo } from "./hearing.ts"

const url = await postgresUrl()
const clock = new ManualClock()
const records = new RecordBuilder(clock, 1)
const store = await createPostgresStore({ url }, clock)
after(() => store.close())

test("G11: a read checks the expiry, whether anything was swept or not", async () => {
  const login = records.login("ada")
  const record = records.record({ login, expiresAt: clock.now() + 1000 })
  await store.apply([changes.create(record)])
  clock.advance(999)
  assert.equal((await store.find([record.id]))[0]?.id, record.id)
  clock.advance(1)
  assert.deepEqual(await store.find([record.id]), [undefined])
  assert.deepEqual(await store.findByUser("ada"), [])
  assert.deepEqual(await store.apply([changes.patch(record)]), [{ kind: "gone" }])
})

test("revoking thousands of sessions at once revokes them, though their ids exceed a NOTIFY payload's 8000 bytes", async () => {
  const login = records.login("eve", { externalId: "sid" })
  const [byUser, byExternalId, byId] = [
    records.records(1000, { login: records.login("bob") }),
    records.records(1000, { login }),
    records.records(1000),
  ]
  for (const some of [byUser, byExternalId, byId]) await store.apply(some.map(changes.create))
  assert.equal((await store.revokeByUser("bob")).length, 1000)
  assert.equal((await store.revokeByExternalId("sid")).length, 1000)
  const outcomes = await store.apply(byId.map(changes.revoke))
  assert.ok(outcomes.every(({ kind }) => kind === "applied"))
  assert.equal(await store.countLive(), 0)
})

test("a user id longer than a NOTIFY payload does not keep its sessions from being revoked", async () => {
  const userId = "u".repeat(9000)
  const record = records.record({ login: records.login(userId) })
  await store.apply([changes.create(record)])
  assert.deepEqual(await store.revokeByUser(userId), [record.id])
})

test("G1: deleting a key and setting it again keeps the value, in one change and in two", async () => {
  const record = records.record({ data: dataOf(["a", "old"]) })
  const set = dataOf(["a", "new"])
  await store.apply([changes.create(record), changes.patch(record, { unset: ["a"], set })])
  assert.deepEqual((await store.find([record.id]))[0]?.data, set)
  await store.apply([
    changes.patch(record, { unset: ["a"] }),
    changes.patch(record, { set: dataOf(["a", "newer"]) }),
  ])
  assert.deepEqual((await store.find([record.id]))[0]?.data, dataOf(["a", "newer"]))
})

test("the last use never moves backwards, in whatever order the uses arrive", async () => {
  const record = records.record()
  await store.apply([changes.create(record)])
  const random = new SeededRandom(5)
  const uses = Array.from({ length: 60 }, () => clock.now() + random.below(60_000))
  const calls = uses.map(at => store.apply([changes.touch(record, { at, expiresAt: at + 1_800_000 })]))
  await Promise.all(calls)
  const [found] = await store.find([record.id])
  assert.equal(found?.lastSeenAt, Math.max(...uses))
  assert.equal(found?.expiresAt, Math.max(...uses) + 1_800_000)
})

test("a sweep never reaps a session whose use was acknowledged, however they race", async () => {
  await store.revokeAll()
  const end = clock.now() + 60_000
  const all = records.records(200, { expiresAt: end })
  await store.apply(all.map(changes.create))
  const seen = { at: clock.now(), expiresAt: end + 60_000 }
  const sweeping = Array.from({ length: 4 }, () => store.sweep(end, 30))
  const touching = all.map(record => store.apply([changes.touch(record, seen)]))
  const [touched, swept] = await Promise.all([Promise.all(touching), Promise.all(sweeping)])
  const reaped = new Set(swept.flat())
  assert.ok(reaped.size > 0)
  for (const [index, { id }] of all.entries()) {
    const kind = touched[index]?.[0]?.kind
    assert.equal(kind, reaped.has(id) ? "gone" : "applied")
  }
  const found = await store.find(all.map(({ id }) => id))
  assert.equal(found.filter(each => each === undefined).length, reaped.size)
})

test("schemas and prefixes have channels of their own, however long their names are", async () => {
  const long = "s".repeat(63)
  const [one, other] = await Promise.all([
    createPostgresStore({ url, schema: long, tablePrefix: "a_" }, clock),
    createPostgresStore({ url, schema: long, tablePrefix: "b_" }, clock),
  ])
  const hearing = await listenTo(url, long, "b_")
  await one.revokeAll()
  await other.revokeByUser("ada")
  await hearing.caughtUp()
  assert.deepEqual(hearing.heard, [{ kind: "userRevoked", userId: "ada" }])
  await Promise.all([hearing.stop(), one.close(), other.close()])
})

test("closing twice, at once and afterwards, with a feed open and calls under way, does nothing the second time", async () => {
  const closing = await createPostgresStore({ url }, clock)
  const silent = { connected: () => {}, disconnected: () => {}, heartbeat: () => {}, notice: () => {} }
  closing.observe(silent, { heartbeatInterval: 100 })
  const calls = Array.from({ length: 20 }, () => closing.find([records.id()]))
  await Promise.all([closing.close(), closing.close(), ...calls])
  await closing.close()
})
