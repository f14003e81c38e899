import assert from "node:assert/strict"
import { test } from "node:test"
import { setTimeout as delay } from "node:timers/promises"
import { createSessions } from "../../../src/index.ts"
import { createPostgresStore } from "../../../src/stores/postgres/index.ts"
import { tokenOf } from "../../promises/trial.ts"
import { postgresUrl } from "../../services/postgres.ts"

const url = await postgresUrl()
const BOUND = 200

const node = async () =>
  await createSessions({
    store: await createPostgresStore({ url, announce: false }),
    nearCache: { maxStaleness: BOUND },
  })

test("G4: nodes that announce nothing serve a revoked session no longer than B all the same", async t => {
  const [one, other] = await Promise.all([node(), node()])
  t.after(() => Promise.all([one.close(), other.close()]))
  const session = await one.open(undefined)
  await session.login("ada")
  const token = tokenOf(session)
  // Long enough for a feed's first heartbeats, if there were any.
  await delay(2 * BOUND)
  const seen = async () => (await other.open(token)).userId
  assert.equal(await seen(), "ada")
  await one.revoke(session.id)
  await delay(BOUND)
  assert.equal(await seen(), undefined)
})
