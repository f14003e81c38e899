import assert from "node:assert/strict"
import { stat } from "node:fs/promises"
import { join, relative } from "node:path"
import { test } from "node:test"
import { pathToFileURL } from "node:url"
import { isSessionError } from "../../../src/contract/errors.ts"
import { createFileStore, openFileStore, parseFileUrl } from "../../../src/stores/file/index.ts"
import { temporaryDirectory } from "./temporary-directory.ts"

const config = (message: RegExp) => (error: unknown) => {
  assert.ok(isSessionError(error, "ERR_SESSION_CONFIG"), String(error))
  assert.match(error.message, message)
  return true
}

test("a file: URL is read as it is written, relative or absolute", () => {
  const paths: Record<string, string | undefined> = {
    "file:": undefined,
    "file:?maxSessions=5": undefined,
    "file:./sessions.txt": "./sessions.txt",
    "file:../a/b.txt?compactAfter=1": "../a/b.txt",
    "file:sessions.txt": "sessions.txt",
    "file:./my%20sessions%231.txt": "./my sessions#1.txt",
    "file:/abs/s.txt": "/abs/s.txt",
    "file:///abs/s.txt": "/abs/s.txt",
    "file://localhost/abs/s%20t.txt": "/abs/s t.txt",
    "FILE:./x": "./x",
  }
  for (const [text, path] of Object.entries(paths)) assert.equal(parseFileUrl(text).path, path, text)
})

test("the query holds the numbers among the options", () => {
  const { options } = parseFileUrl("file:./a?maxSessions=5&compactAfter=1000&compactFactor=0.5&maxHitKeys=9")
  assert.deepEqual(options, { maxSessions: 5, compactAfter: 1000, compactFactor: 0.5, maxHitKeys: 9 })
  assert.deepEqual(parseFileUrl("file:./a").options, {})
})

test("a wrong URL is refused with what to do", () => {
  const wrong: Record<string, RegExp> = {
    "file:./a?maxsessions=5": /"maxsessions".*maxSessions, compactAfter, compactFactor/,
    "file:./a?__proto__=5": /"__proto__".*maxSessions/,
    "file:./a?maxSessions=many": /"maxSessions" must be a number/,
    "file:./a?maxSessions=-1": /must be a number/,
    "file:./a?maxSessions=1&maxSessions=2": /twice/,
    "file://sessions.txt": /host "sessions.txt".*file:\.\/sessions.txt/,
    "file:./a#b": /%23/,
    "file:./100%": /decoded/,
    "sqlite:./a": /no file: URL/,
  }
  for (const [text, message] of Object.entries(wrong)) {
    assert.throws(() => parseFileUrl(text), config(message), text)
  }
})

test("wrong options are refused", async () => {
  await assert.rejects(createFileStore({ maxSessions: 0 }), config(/maxSessions is 0.*at least 1/))
  await assert.rejects(createFileStore({ maxHitKeys: 0 }), config(/maxHitKeys is 0.*at least 1/))
  await assert.rejects(createFileStore({ compactFactor: Number.NaN }), config(/compactFactor/))
  await assert.rejects(createFileStore({ path: "" }), config(/path/))
  await assert.rejects(createFileStore({ path: "a\0b" }), config(/path/))
})

test("a file in a directory that does not exist is refused with what to do", async () => {
  const path = join(await temporaryDirectory(), "missing", "sessions.txt")
  await assert.rejects(createFileStore({ path }), config(/missing.*Create it/))
})

test("a directory in the file's place is refused", async () => {
  const path = await temporaryDirectory()
  await assert.rejects(createFileStore({ path }), error =>
    isSessionError(error, "ERR_SESSION_STORE_UNAVAILABLE"),
  )
})

test("a store opens by its URL, relative to the working directory or absolute", async () => {
  const path = join(await temporaryDirectory(), "s t.txt")
  for (const url of [pathToFileURL(path).href, `file:${encodeURI(relative(process.cwd(), path))}`]) {
    const store = await openFileStore(`${url}?maxSessions=5`, { now: Date.now })
    await stat(`${path}.lock`)
    await store.close()
  }
})
