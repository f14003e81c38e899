import assert from "node:assert/strict"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { test } from "node:test"
import { isSessionError } from "../../../src/contract/errors.ts"
import type { SessionRecord } from "../../../src/contract/record.ts"
import { createSqliteStore } from "../../../src/stores/sqlite/index.ts"
import { changes, dataOf } from "../../../src/testing/index.ts"
import { aRecord, setting } from "./a-record.ts"
import { temporaryDirectory } from "./temporary-directory.ts"

const directory = await temporaryDirectory()
let now = Date.now()

function damage(path: string, { id }: SessionRecord): void {
  const other = new DatabaseSync(path)
  other.prepare("UPDATE sojourn_sessions SET data = '[[' WHERE id = ?").run(id)
  other.close()
}

for (const writer of ["thread", "main"] as const) {
  const open = (name: string) => {
    const path = join(directory, `${name}-${writer}.db`)
    return createSqliteStore({ path, writer }, { now: () => now }).then(store => ({ path, store }))
  }

  test(`writer ${writer}: a change of a row that cannot be decoded is an error that names the session, and nothing of its call is stored`, async () => {
    const { path, store } = await open("named")
    const [damaged, other] = [aRecord(), aRecord()]
    await store.apply([changes.create(damaged), changes.create(other)])
    damage(path, damaged)
    const seen = { at: damaged.lastSeenAt + 1, expiresAt: damaged.expiresAt }
    for (const change of [
      setting(damaged.id, "a", "1"),
      changes.patch(damaged, { set: dataOf(["a", "1"]), seen }),
      changes.rotate(damaged, { secretHash: "h", at: seen.at }),
    ]) {
      await assert.rejects(store.apply([setting(other.id, "a", "1"), change]), error => {
        assert.ok(isSessionError(error, "ERR_SESSION_STORE_CORRUPT"))
        assert.ok(error.message.includes(damaged.id) && !error.message.includes(other.id))
        assert.ok(error.cause instanceof SyntaxError)
        return true
      })
    }
    assert.deepEqual(await store.find([other.id]), [other])
    await store.close()
  })

  test(`writer ${writer}: a session whose row cannot be decoded can be used and ended, and is gone at its end`, async () => {
    const { path, store } = await open("ended")
    const [revoked, expiring] = [aRecord(), aRecord({ expiresAt: now + 1000 })]
    await store.apply([changes.create(revoked), changes.create(expiring)])
    damage(path, revoked)
    damage(path, expiring)
    const seen = { at: revoked.lastSeenAt + 1, expiresAt: revoked.expiresAt }
    const applied = { kind: "applied", version: 1 }
    assert.deepEqual(await store.apply([changes.touch(revoked, seen), changes.revoke(revoked)]), [
      applied,
      applied,
    ])
    now = expiring.expiresAt
    const late = [setting(expiring.id, "a", "1"), changes.rotate(expiring, { secretHash: "h", at: 0 })]
    assert.deepEqual(await store.apply(late), [{ kind: "gone" }, { kind: "gone" }])
    await store.close()
  })
}
