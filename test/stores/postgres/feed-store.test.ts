import assert from "node:assert/strict"
import { randomInt } from "node:crypto"
import { type TestContext, test } from "node:test"
import pg from "pg"
import type { Notice } from "../../../src/contract/feed.ts"
import { createPostgresStore, type PostgresStore } from "../../../src/stores/postgres/index.ts"
import { changes, dataOf, RecordBuilder } from "../../../src/testing/index.ts"
import { eventually } from "../../services/eventually.ts"
import { postgresUrl } from "../../services/postgres.ts"
import { Trace } from "../feed-trace.ts"

const url = await postgresUrl()
const records = new RecordBuilder({ now: Date.now }, randomInt(2 ** 32))
const login = (userId: string, externalId?: string) => ({
  userId,
  authenticatedAt: Date.now(),
  methods: [],
  ...(externalId !== undefined && { externalId }),
})

interface Nodes {
  readonly store: PostgresStore
  /** What the other node is told. */
  readonly trace: Trace
  readonly other: PostgresStore
}

/** One node that changes sessions, and another one that listens. */
async function nodes(t: TestContext, options: { schema: string; pool?: pg.Pool }): Promise<Nodes> {
  const { schema, pool } = options
  const store = await createPostgresStore({ url, schema })
  const other = await createPostgresStore(pool ? { pool, schema } : { url, schema })
  t.after(() => Promise.all([store.close(), other.close()]))
  const trace = new Trace()
  other.observe(trace, { heartbeatInterval: 2000 })
  await trace.connections(1)
  return { store, trace, other }
}

async function tells(trace: Trace, notices: readonly Notice[]): Promise<void> {
  await eventually(`${notices.length} notices`, () => trace.notices.length >= notices.length)
  assert.deepEqual(trace.notices.splice(0), notices)
  trace.told.length = 0
}

test("G4: every kind of revocation and rotation is told to other nodes, in its order", async t => {
  const { store, trace } = await nodes(t, { schema: "kinds" })
  const [first, second, third] = [
    records.record(),
    records.record({ login: login("u\0é\ud800", "sid 1") }),
    records.record(),
  ]
  await store.apply([first, second, third].map(changes.create))
  await store.apply([changes.revoke(first)])
  const rotation = { secretHash: "s".repeat(43), at: Date.now() }
  await store.apply([changes.rotate(third, rotation)])
  await store.revokeByUser("u\0é\ud800", third.id)
  await store.apply([changes.patch(third, { set: dataOf(["key", "1"]) })])
  // Changes of data are told soon after their commit, all others in it.
  await eventually("the patch is told", () => trace.notices.length >= 4)
  await store.revokeAll()
  await tells(trace, [
    { kind: "revoked", id: first.id },
    { kind: "changed", id: third.id, version: third.version + 1 },
    { kind: "userRevoked", userId: "u\0é\ud800", except: third.id },
    { kind: "changed", id: third.id, version: third.version + 2 },
    { kind: "allRevoked" },
  ])
})

test("G4: sessions that an identity provider ends are told by their ids, five hundred as well as one", async t => {
  const { store, trace } = await nodes(t, { schema: "external" })
  const ended = Array.from({ length: 500 }, () => records.record({ login: login("user", "sid") }))
  await store.apply(ended.map(changes.create))
  await store.revokeByExternalId("sid")
  await eventually("all are told", () => trace.notices.length >= ended.length)
  const told = trace.notices.map(notice => (notice.kind === "revoked" ? notice.id : notice.kind))
  assert.deepEqual(told.sort(), ended.map(({ id }) => id).sort())
})

test("G4: what was refused is not told", async t => {
  const { store, trace } = await nodes(t, { schema: "refused" })
  const record = records.record()
  await store.apply([changes.create(record)])
  await store.apply([
    changes.revoke(records.record()),
    changes.rotate({ ...record, generation: 7 }, { secretHash: "s".repeat(43), at: Date.now() }),
    changes.patch(record, { ifVersion: 99, set: dataOf(["key", "1"]) }),
  ])
  await store.apply([changes.revoke(record)])
  await tells(trace, [{ kind: "revoked", id: record.id }])
})

test("a feed may listen on a connection of the application's pool, and gives it up when the store closes", async t => {
  const pool = new pg.Pool({ connectionString: url, max: 3 })
  const { store, trace, other } = await nodes(t, { schema: "pooled", pool })
  const record = records.record()
  await store.apply([changes.create(record), changes.revoke(record)])
  await tells(trace, [{ kind: "revoked", id: record.id }])
  await other.close()
  assert.equal(pool.totalCount, pool.idleCount)
  await pool.end()
})
