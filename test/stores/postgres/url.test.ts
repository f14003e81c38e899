import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { isSessionError } from "../../../src/contract/errors.ts"
import {
  createPostgresStore,
  parsePostgresUrl,
  postgresMigrations,
} from "../../../src/stores/postgres/index.ts"

const config = (pattern: RegExp) => (error: unknown) =>
  isSessionError(error, "ERR_SESSION_CONFIG") && pattern.test(error.message)

describe("the URL of the PostgreSQL store", () => {
  it("names the server, and is left as it is without parameters", () => {
    const url = "postgresql://app:p%40ss@db.internal:6432/app"
    assert.deepEqual(parsePostgresUrl(url), { url })
  })

  it("carries every option, and leaves pg's own parameters to pg", () => {
    const listenUrl = encodeURIComponent("postgres://app@db:5432/app?sslmode=require")
    assert.deepEqual(
      parsePostgresUrl(
        `postgres://app@db/app?schema=s&sslmode=require&tablePrefix=t_&migrate=false&unlogged=true&prepare=false&announce=false&statementTimeout=250&poolSize=3&listenUrl=${listenUrl}&application_name=shop`,
      ),
      {
        url: "postgres://app@db/app?sslmode=require&application_name=shop",
        schema: "s",
        tablePrefix: "t_",
        migrate: false,
        unlogged: true,
        prepare: false,
        announce: false,
        statementTimeout: 250,
        poolSize: 3,
        listenUrl: "postgres://app@db:5432/app?sslmode=require",
      },
    )
  })

  for (const [text, pattern] of [
    ["mysql://db/app", /no URL of the PostgreSQL store/],
    ["postgres:app", /postgres:\/\/user:password@host/],
    ["postgres://db/app?shema=x", /no option "shema".*schema/],
    ["postgres://db/app?migrate=yes", /migrate.*"yes".*true or false/],
  ] as const) {
    it(`refuses ${text}`, () => {
      assert.throws(() => parsePostgresUrl(text), config(pattern))
    })
  }

  it("never tells the password that a wrong URL holds", () => {
    assert.throws(
      () => parsePostgresUrl("postgress://app:hunter2@db/app"),
      error => isSessionError(error, "ERR_SESSION_CONFIG") && !error.message.includes("hunter2"),
    )
  })
})

describe("the options of the PostgreSQL store", () => {
  const url = "postgres://nowhere.invalid/app"
  const pool = { connect: () => Promise.reject(new Error("not reached")) }

  for (const [name, options, pattern] of [
    ["neither url nor pool", {}, /neither url nor pool/],
    ["both url and pool", { url, pool }, /both url and pool/],
    ["a name that it does not know", { url, shema: "x" }, /no option "shema".*schema/],
    ["a wrong parameter in the url", { url: `${url}?poolSize=none` }, /poolSize/],
    ["a URL of something else", { url: "redis://db" }, /no URL of the PostgreSQL store/],
    ["a pool that cannot connect", { pool: {} }, /pool.*connect\(\)/],
    ["a pool size for a given pool", { pool, poolSize: 3 }, /poolSize.*max/],
    ["an empty schema", { url, schema: "" }, /schema.*1 to 63 bytes/],
    ["a schema of 64 bytes", { url, schema: "s".repeat(64) }, /schema.*1 to 63 bytes/],
    [
      "a prefix so long that an index's name would be cut",
      { url, tablePrefix: "é".repeat(22) },
      /tablePrefix.*bytes/,
    ],
    ["a prefix with NUL", { url, tablePrefix: "a\0" }, /tablePrefix/],
    ["migrate that is no flag", { url, migrate: "no" }, /migrate.*true or false/],
    ["a timeout of 0", { url, statementTimeout: 0 }, /statementTimeout.*whole number from 1/],
    ["a timeout that no timer can hold", { url, statementTimeout: 2 ** 31 }, /statementTimeout/],
    ["a fraction of a connection", { url, poolSize: 1.5 }, /poolSize/],
    ["a listenUrl of something else", { url, listenUrl: "http://db" }, /listenUrl is no URL/],
  ] as const) {
    it(`refuse ${name}`, async () => {
      // As from JavaScript, where no type keeps a wrong option away.
      const given = options as unknown as Parameters<typeof createPostgresStore>[0]
      await assert.rejects(createPostgresStore(given), config(pattern))
    })
  }

  it("refuse SQL from a version that does not exist", () => {
    assert.throws(() => postgresMigrations({ from: 99 }), config(/from.*whole number from 0 to/))
  })
})
