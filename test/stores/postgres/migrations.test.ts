import assert from "node:assert/strict"
import { describe, it } from "node:test"
import pg from "pg"
import { isSessionError, type SessionErrorCode } from "../../../src/contract/errors.ts"
import { createPostgresStore, postgresMigrations } from "../../../src/stores/postgres/index.ts"
import { changes, ManualClock, RecordBuilder } from "../../../src/testing/index.ts"
import { administrate, postgresUrl } from "../../services/postgres.ts"

const url = await postgresUrl()
const clock = new ManualClock()
const records = new RecordBuilder(clock, 1)
const failure = (code: SessionErrorCode, pattern: RegExp) => (error: unknown) =>
  isSessionError(error, code) && pattern.test(error.message)

const versionsOf = async (table: string) =>
  (await administrate(url, `SELECT version FROM ${table} ORDER BY version`)).map(row => row["version"])

describe("the tables of the PostgreSQL store", () => {
  it("are made once when eight nodes start at the same moment, schema and all", async () => {
    const stores = await Promise.all(
      Array.from({ length: 8 }, () => createPostgresStore({ url, schema: "raced", poolSize: 2 }, clock)),
    )
    assert.deepEqual(await versionsOf("raced.sojourn_migrations"), [1])
    const record = records.record()
    const outcomes = await Promise.all(stores.map(store => store.apply([changes.create(record)])))
    assert.equal(outcomes.flat().filter(({ kind }) => kind === "applied").length, 1)
    await Promise.all(stores.map(store => store.close()))
  })

  it("are apart for two schemas and for two prefixes of one database", async () => {
    const places = [
      { schema: "apart_a" },
      { schema: "apart_b" },
      { schema: "apart_a", tablePrefix: "other_" },
      { schema: 'odd "name"; DROP', tablePrefix: "ähm '$1' " },
      { schema: "now_and", tablePrefix: "i.id :now :input " },
      { schema: "channel", tablePrefix: "table" },
    ]
    const stores = await Promise.all(places.map(place => createPostgresStore({ url, ...place }, clock)))
    const record = records.record({ login: records.login("ada") })
    for (const store of stores) {
      assert.deepEqual(await store.find([record.id]), [undefined])
      assert.deepEqual(await store.apply([changes.create(record)]), [{ kind: "applied", version: 1 }])
      const [another, third] = [records.record(), records.record()]
      await store.apply([changes.create(another), changes.create(third)])
      await store.apply([changes.patch(another), changes.patch(third)])
      const outcomes = await store.apply([changes.revoke(another), changes.revoke(third)])
      assert.deepEqual(outcomes, Array(2).fill({ kind: "applied", version: 2 }))
    }
    assert.deepEqual(await stores[0]?.revokeByUser("ada"), [record.id])
    assert.deepEqual(await Promise.all(stores.map(store => store.countLive())), [0, 1, 1, 1, 1, 1])
    await Promise.all(stores.map(store => store.close()))
  })

  it("are where the URL says, unless an option says otherwise", async () => {
    const placed = `${url}?schema=by_url&tablePrefix=a_`
    const store = await createPostgresStore({ url: placed, tablePrefix: "b_" }, clock)
    assert.deepEqual(await versionsOf("by_url.b_migrations"), [1])
    await store.close()
  })

  it("skip the write-ahead log when they are to be unlogged", async () => {
    const store = await createPostgresStore({ url, schema: "unlogged", unlogged: true }, clock)
    const rows = await administrate(
      url,
      "SELECT relname, relpersistence AS kind FROM pg_class WHERE relnamespace = 'unlogged'::regnamespace AND relkind = 'r' ORDER BY 1",
    )
    assert.deepEqual(rows, [
      { relname: "sojourn_hits", kind: "u" },
      { relname: "sojourn_migrations", kind: "p" },
      { relname: "sojourn_sessions", kind: "u" },
    ])
    await store.close()
  })

  it("may be made by hand, with the SQL that is printed, by several at once", async () => {
    const place = { schema: "by_hand", tablePrefix: "web_" }
    const sql = postgresMigrations(place)
    await administrate(url, `BEGIN; ${sql}; COMMIT`)
    const store = await createPostgresStore({ url, ...place, migrate: false }, clock)
    assert.equal(await store.countLive(), 0)
    await store.close()
    await administrate(url, `BEGIN; ${postgresMigrations({ ...place, from: 1 })}; COMMIT`)
    assert.deepEqual(await versionsOf("by_hand.web_migrations"), [1])
  })

  it("are asked for when they are missing and migrate is false, and nothing is made", async () => {
    await assert.rejects(
      createPostgresStore({ url, schema: "nowhere", migrate: false }, clock),
      failure("ERR_SESSION_CONFIG", /nowhere\.sojourn_.* are missing.*postgresMigrations.*migrate: true/),
    )
    const [row] = await administrate(url, "SELECT to_regnamespace('nowhere') AS schema")
    assert.deepEqual(row, { schema: null })
  })

  it("are left alone when a newer version of the library has made them", async () => {
    const store = await createPostgresStore({ url, schema: "newer" }, clock)
    await store.close()
    await administrate(url, "INSERT INTO newer.sojourn_migrations (version) VALUES (999)")
    await assert.rejects(
      createPostgresStore({ url, schema: "newer" }, clock),
      failure("ERR_SESSION_STORE_CORRUPT", /schema version 999.*Update sojourn/),
    )
  })

  it("cannot be made without the right to: the error says whom to ask for what", async () => {
    await administrate(url, "CREATE SCHEMA forbidden")
    await administrate(url, "DROP ROLE IF EXISTS visitor")
    await administrate(url, "CREATE ROLE visitor LOGIN PASSWORD 'visitor'")
    const visitor = Object.assign(new URL(url), { username: "visitor", password: "visitor" }).href
    for (const schema of ["forbidden", "missing_too"]) {
      await assert.rejects(
        createPostgresStore({ url: visitor, schema }, clock),
        failure("ERR_SESSION_CONFIG", /may not create its tables.*Grant.*CREATE.*postgresMigrations/),
      )
    }
    await administrate(url, "DROP ROLE visitor")
  })

  it("need a server of version 13, and a database of UTF8", async () => {
    for (const [row, pattern] of [
      [{ version: "120022", name: "12.22", encoding: "UTF8" }, /PostgreSQL 12\.22.*13 or newer/],
      [{ version: "170004", name: "17.4", encoding: "LATIN1" }, /encoding is LATIN1.*UTF8/],
    ] as const) {
      const client = { query: async () => ({ rows: [row] }), release: () => {} }
      const pool = { connect: async () => client }
      await assert.rejects(createPostgresStore({ pool }, clock), failure("ERR_SESSION_UNSUPPORTED", pattern))
    }
  })
})

describe("a server that cannot be opened", () => {
  const unavailable = (pattern: RegExp) => failure("ERR_SESSION_STORE_UNAVAILABLE", pattern)

  it("with a wrong password is told from one that is not there", async () => {
    const wrong = Object.assign(new URL(url), { password: "wrong" }).href
    await assert.rejects(
      createPostgresStore({ url: wrong }, clock),
      unavailable(/refused the login.*password/),
    )
    const elsewhere = Object.assign(new URL(url), { port: "1" }).href
    await assert.rejects(
      createPostgresStore({ url: elsewhere }, clock),
      unavailable(/cannot be reached.*host and port/),
    )
    const nameless = Object.assign(new URL(url), { hostname: "nowhere.invalid" }).href
    await assert.rejects(createPostgresStore({ url: nameless }, clock), unavailable(/cannot be reached/))
    const missing = Object.assign(new URL(url), { pathname: "/no_such_database" }).href
    await assert.rejects(
      createPostgresStore({ url: missing }, clock),
      unavailable(/no such database.*Create it/),
    )
  })

  it("leaves the pool that was given open and as it was", async () => {
    const pool = new pg.Pool({ connectionString: url, max: 2 })
    await assert.rejects(createPostgresStore({ pool, schema: "nowhere", migrate: false }, clock))
    assert.equal(pool.listenerCount("error"), 0)
    assert.deepEqual((await pool.query("SELECT 1 AS one")).rows, [{ one: 1 }])
    await pool.end()
  })
})
