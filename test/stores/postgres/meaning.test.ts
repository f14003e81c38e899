import assert from "node:assert/strict"
import { after, test } from "node:test"
import fc from "fast-check"
import pg from "pg"
import { applyChange, liveData } from "../../../src/contract/apply-change.ts"
import { type Change, idOf, type Outcome } from "../../../src/contract/change.ts"
import type { SessionRecord } from "../../../src/contract/record.ts"
import { createPostgresStore } from "../../../src/stores/postgres/index.ts"
import { postgresUrl } from "../../services/postgres.ts"
import { IDS, steps } from "../arbitrary-steps.ts"

let now = 0
const url = await postgresUrl()
const store = await createPostgresStore({ url }, { now: () => now })
const pool = new pg.Pool({ connectionString: url, max: 1 })
after(() => Promise.all([store.close(), pool.end()]))

type Steps = typeof steps extends fc.Arbitrary<infer Value> ? Value : never

test("random batches do what applyChange says, whatever the texts and times", () =>
  doAsApplyChangeSays(steps))

test("batches with patches that only set keys do what applyChange says, whatever has ended", () =>
  doAsApplyChangeSays(steps.map(withPlainPatches)))

/** Every patch sets its keys without an end of their own, and does nothing else. */
const withPlainPatches = (sequence: Steps): Steps =>
  sequence.map(step => ({
    ...step,
    changes: step.changes.map(change => {
      if (change.kind !== "patch") return change
      const { kind, id, epoch } = change
      const set = new Map(Array.from(change.set, ([key, { text }]) => [key, { text }]))
      return { kind, id, epoch, set, unset: [] }
    }),
  }))

async function doAsApplyChangeSays(arbitrary: fc.Arbitrary<Steps>): Promise<void> {
  await fc.assert(
    fc.asyncProperty(arbitrary, async sequence => {
      now = 0
      await store.revokeAll()
      const model = new Map<string, SessionRecord>()
      for (const { wait, changes, revoked } of sequence) {
        now += wait
        const expected = changes.map(each => applyToModel(model, each))
        assert.deepEqual(await store.apply(changes), expected)
        if (revoked !== null) {
          const ids = revokeInModel(model, revoked)
          assert.deepEqual((await store.revokeByExternalId(revoked)).toSorted(), ids.toSorted())
        }
        await compare(model)
      }
      await assertNoKeyEndsEarly()
    }),
    { numRuns: 150 },
  )
}

/** Such a key would stay in its row when it has ended. */
async function assertNoKeyEndsEarly(): Promise<void> {
  const early = await pool.query(
    "SELECT id, key FROM sojourn_sessions, jsonb_each(data) WHERE (value->>1)::float8 < coalesce(keys_end_at, 'infinity')",
  )
  assert.deepEqual(early.rows, [])
}

function applyToModel(model: Map<string, SessionRecord>, change: Change): Outcome {
  const name = idOf(change)
  const { outcome, record } = applyChange(model.get(name), change, now)
  if (record) model.set(name, record)
  else model.delete(name)
  return outcome
}

function revokeInModel(model: Map<string, SessionRecord>, externalId: string): string[] {
  const live = [...model.values()].filter(({ expiresAt }) => now < expiresAt)
  const ids = live.flatMap(each => (each.login?.externalId === externalId ? [each.id] : []))
  for (const each of ids) model.delete(each)
  return ids
}

async function compare(model: ReadonlyMap<string, SessionRecord>): Promise<void> {
  const expected = IDS.map(each => {
    const stored = model.get(each)
    return stored && now < stored.expiresAt ? { ...stored, data: liveData(stored.data, now) } : undefined
  })
  assert.deepEqual(await store.find(IDS), expected)
  const live = expected.filter(each => each !== undefined)
  assert.equal(await store.countLive(), live.length)
  const online = new Set(live.filter(each => each.lastSeenAt >= 4).flatMap(each => each.login?.userId ?? []))
  assert.equal(await store.countUsersSeen(4), online.size)
}
