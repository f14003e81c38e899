import assert from "node:assert/strict"
import { after, describe, it } from "node:test"
import pg from "pg"
import { createPostgresStore, type PostgresPool } from "../../../src/stores/postgres/index.ts"
import { changes, dataOf, ManualClock, RecordBuilder } from "../../../src/testing/index.ts"
import { postgresUrl } from "../../services/postgres.ts"
import { listenTo } from "./hearing.ts"
import { recordingPool } from "./recording-pool.ts"

const url = await postgresUrl()
const clock = new ManualClock()
const records = new RecordBuilder(clock, 1)
const store = await createPostgresStore({ url }, clock)
const hearing = await listenTo(url)
after(async () => {
  await hearing.stop()
  await store.close()
})

/** What the work announces. The store has told all it has to tell when a revocation that comes after it is heard. */
async function announcedBy(work: () => Promise<unknown>) {
  hearing.heard.length = 0
  await work()
  await hearing.caughtUp()
  return [...hearing.heard]
}

const given = async (...fields: Parameters<typeof records.record>) => {
  const record = records.record(...fields)
  await store.apply([changes.create(record)])
  return record
}

describe("what is announced", () => {
  it("is nothing for creates, touches and refused changes", async () => {
    const [record, never] = [records.record(), records.record()]
    const seen = { at: clock.now(), expiresAt: clock.now() + 1000 }
    const stale = { ...record, epoch: 9, generation: 9 }
    const heard = await announcedBy(() =>
      store.apply([
        changes.create(record),
        changes.touch(record, seen),
        changes.patch(stale),
        changes.rotate(stale, { secretHash: "h", at: clock.now() }),
        changes.revoke(never),
      ]),
    )
    assert.deepEqual(heard, [])
  })

  it("G4: is a revocation, before its call has resolved", async () => {
    const [one, ...many] = [await given(), await given(), await given()]
    assert.deepEqual(await announcedBy(() => store.apply([changes.revoke(one)])), [
      { kind: "revoked", id: one.id },
    ])
    const heard = await announcedBy(() => store.apply(many.map(changes.revoke)))
    assert.deepEqual(
      heard.map(notice => notice.kind === "revoked" && notice.id).sort(),
      many.map(({ id }) => id).sort(),
    )
  })

  it("G4: is a rotation with its new version, before its call has resolved", async () => {
    const [one, ...many] = [await given({ version: 7 }), await given(), await given({ version: 41 })]
    const fields = { secretHash: "h", at: clock.now() }
    const rotated = await announcedBy(() => store.apply([changes.rotate(one, fields)]))
    assert.deepEqual(rotated, [{ kind: "changed", id: one.id, version: 8 }])
    const heard = await announcedBy(() => store.apply(many.map(record => changes.rotate(record, fields))))
    assert.equal(heard.length, 2)
    for (const { id, version } of many) {
      assert.ok(heard.some(each => each.kind === "changed" && each.id === id && each.version === version + 1))
    }
  })

  it("is a changed session soon after its patch, with its newest version", async () => {
    const record = await given()
    hearing.heard.length = 0
    const other = await createPostgresStore({ url }, clock)
    for (let round = 0; round < 10; round++)
      await other.apply([changes.patch(record, { set: dataOf(["a", "1"]) })])
    // Closing waits for what is yet to be told.
    await other.close()
    await hearing.caughtUp()
    assert.deepEqual(hearing.heard.at(-1), { kind: "changed", id: record.id, version: 11 })
  })

  it("is one notice for a user, however many sessions end", async () => {
    const login = records.login("ada")
    const mine = records.records(500, { login })
    await store.apply(mine.map(changes.create))
    const [kept] = mine
    assert.ok(kept)
    const heard = await announcedBy(() => store.revokeByUser("ada", kept.id))
    assert.deepEqual(heard, [{ kind: "userRevoked", userId: "ada", except: kept.id }])
    assert.deepEqual(await announcedBy(() => store.revokeByUser("ada")), [
      { kind: "userRevoked", userId: "ada" },
    ])
  })

  it("is each session of an external one; one with an odd id as something unknown", async () => {
    const login = records.login("ada", { externalId: "sid" })
    const plain = await given({ login })
    assert.deepEqual(await announcedBy(() => store.revokeByExternalId("sid")), [
      { kind: "revoked", id: plain.id },
    ])
    await given({ login, id: "tab\tand line\n" })
    assert.deepEqual(await announcedBy(() => store.revokeByExternalId("sid")), [{ kind: "unknown" }])
    assert.deepEqual(await announcedBy(() => store.revokeByExternalId("sid")), [])
  })

  it("is the end of all", async () => {
    await given()
    assert.deepEqual(await announcedBy(() => store.revokeAll()), [{ kind: "allRevoked" }])
  })

  it("is nothing when announce is false", async () => {
    const silent = await createPostgresStore({ url, announce: false }, clock)
    const [a, b] = [await given({ login: records.login("ada", { externalId: "sid" }) }), await given()]
    const heard = await announcedBy(async () => {
      await silent.apply([changes.patch(a), changes.rotate(b, { secretHash: "h", at: clock.now() })])
      await silent.apply([changes.revoke(b)])
      await silent.revokeByExternalId("sid")
      await silent.revokeByUser("ada")
      await silent.revokeAll()
      await silent.close()
    })
    assert.deepEqual(heard, [])
  })

  it("is heard on the channel of its own schema and prefix alone", async () => {
    const place = { schema: "s".repeat(63), tablePrefix: "p".repeat(40) }
    const elsewhere = await createPostgresStore({ url, ...place }, clock)
    const near = await listenTo(url, place.schema, `${"p".repeat(39)}q`)
    const there = await listenTo(url, place.schema, place.tablePrefix)
    const record = records.record()
    await elsewhere.apply([changes.create(record)])
    assert.deepEqual(await announcedBy(() => elsewhere.apply([changes.revoke(record)])), [])
    await Promise.all([near.caughtUp(), there.caughtUp()])
    assert.deepEqual([near.heard, there.heard], [[], [{ kind: "revoked", id: record.id }]])
    await Promise.all([near.stop(), there.stop(), elsewhere.close()])
  })
})

describe("the announcing of patches", () => {
  const announcements = (sent: readonly { readonly text: string }[]): number =>
    sent.filter(({ text }) => text.startsWith("SELECT pg_notify")).length

  it("is gathered while one is under way, so that a burst costs few commits that notify", async () => {
    const pgPool = new pg.Pool({ connectionString: url, max: 4 })
    const pool = recordingPool(pgPool)
    const busy = await createPostgresStore({ pool }, clock)
    const many = records.records(100)
    await busy.apply(many.map(changes.create))
    pool.sent.length = 0
    await Promise.all(many.map(record => busy.apply([changes.patch(record)])))
    await busy.close()
    const count = announcements(pool.sent)
    assert.ok(count >= 1 && count <= 50, `${count} announcements of 100 patches`)
    await pgPool.end()
  })

  it("holds up no patch when it fails, and is counted", async () => {
    const pgPool = new pg.Pool({ connectionString: url })
    const pool: PostgresPool = {
      async connect() {
        const client = await pgPool.connect()
        return {
          release: error => client.release(error),
          query: query =>
            query.text.startsWith("SELECT pg_notify") ? Promise.reject(new Error("no")) : client.query(query),
        }
      },
    }
    const hampered = await createPostgresStore({ pool }, clock)
    const record = await given()
    assert.deepEqual(await hampered.apply([changes.patch(record)]), [{ kind: "applied", version: 2 }])
    await hampered.close()
    assert.equal(hampered.counters()["postgres"]?.["untold"], 1)
    await pgPool.end()
  })
})
