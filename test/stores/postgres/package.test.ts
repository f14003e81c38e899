import assert from "node:assert/strict"
import { test } from "node:test"
import { isSessionError } from "../../../src/contract/errors.ts"
import { loadPg } from "../../../src/stores/postgres/pool.ts"

test("a missing package pg is named, with how to get it", async () => {
  const missing = Object.assign(new Error("Cannot find package 'pg'"), { code: "ERR_MODULE_NOT_FOUND" })
  await assert.rejects(
    loadPg(() => Promise.reject(missing)),
    error =>
      isSessionError(error, "ERR_SESSION_CONFIG") &&
      /package "pg".*npm install pg/.test(error.message) &&
      error.cause === missing,
  )
})
