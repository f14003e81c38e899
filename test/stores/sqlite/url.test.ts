import assert from "node:assert/strict"
import { test } from "node:test"
import { isSessionError } from "../../../src/contract/errors.ts"
import { createSqliteStore, openSqliteStore, parseSqliteUrl } from "../../../src/stores/sqlite/index.ts"

const refused =
  (part: RegExp) =>
  (error: unknown): boolean =>
    isSessionError(error, "ERR_SESSION_CONFIG") && part.test(error.message)

const PATHS: readonly (readonly [url: string, path: string | undefined])[] = [
  ["sqlite:", undefined],
  ["sqlite:./sessions.db", "./sessions.db"],
  ["sqlite:sessions.db", "sessions.db"],
  ["sqlite:../data/sessions.db", "../data/sessions.db"],
  ["sqlite::memory:", ":memory:"],
  ["sqlite:/abs/x.db", "/abs/x.db"],
  ["sqlite:///abs/x.db", "/abs/x.db"],
  ["sqlite:///C:/data/x.db", "C:/data/x.db"],
  ["sqlite:./with%20space%3F.db", "./with space?.db"],
]

for (const [url, path] of PATHS) {
  test(`${url} means ${path ?? "the default file"}`, () => {
    assert.deepEqual(parseSqliteUrl(url), path === undefined ? {} : { path })
  })
}

test("query parameters are the options", () => {
  assert.deepEqual(
    parseSqliteUrl("sqlite:x.db?durability=normal&writer=main&busyTimeout=100&tablePrefix=app_"),
    { path: "x.db", durability: "normal", writer: "main", busyTimeout: 100, tablePrefix: "app_" },
  )
})

test("an unknown parameter is refused, and the known ones are named", () => {
  for (const name of ["timeout", "__proto__", "constructor"]) {
    assert.throws(
      () => parseSqliteUrl(`sqlite:x.db?${name}=1`),
      refused(/durability, writer, busyTimeout, tablePrefix/),
    )
  }
})

test("a host, a fragment, broken escapes and another scheme are refused", () => {
  for (const url of [
    "sqlite://./x.db",
    "sqlite://host/x.db",
    "sqlite:x.db#y",
    "sqlite:100%.db",
    "file:x.db",
  ]) {
    assert.throws(() => parseSqliteUrl(url), refused(/sqlite:\.\/relative\.db/))
  }
})

test("a wrong option is refused, and the message says what to give", async () => {
  const wrong: readonly (readonly [query: string, part: RegExp])[] = [
    ["durability=none", /"full" or "normal"/],
    ["writer=main2", /"main"/],
    ["writer=thread", /"main"/],
    ["busyTimeout=soon", /whole number of milliseconds/],
    ["busyTimeout=", /whole number of milliseconds/],
    ["tablePrefix=a-b", /letters, digits/],
    ["tablePrefix=a%22", /letters, digits/],
    ["tablePrefix=sqlite_", /letters, digits/],
    ["tablePrefix=", /letters, digits/],
  ]
  for (const [query, part] of wrong) {
    await assert.rejects(async () => {
      await openSqliteStore(`sqlite::memory:?${query}`, { now: Date.now })
    }, refused(part))
  }
  await assert.rejects(createSqliteStore({ path: "" }), refused(/name of a file/))
})
