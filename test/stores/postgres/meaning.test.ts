import assert from "node:assert/strict"
import { after, test } from "node:test"
import fc from "fast-check"
import { applyChange, liveData } from "../../../src/contract/apply-change.ts"
import type { Change, Outcome } from "../../../src/contract/change.ts"
import type { SessionRecord } from "../../../src/contract/record.ts"
import { createPostgresStore } from "../../../src/stores/postgres/index.ts"
import { postgresUrl } from "../../services/postgres.ts"
import { IDS, steps } from "../arbitrary-steps.ts"

let now = 0
const store = await createPostgresStore({ url: await postgresUrl() }, { now: () => now })
after(() => store.close())

test("random batches do what applyChange says, whatever the texts and times", async () => {
  await fc.assert(
    fc.asyncProperty(steps, async sequence => {
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
    }),
    { numRuns: 150 },
  )
})

function applyToModel(model: Map<string, SessionRecord>, change: Change): Outcome {
  const name = change.kind === "create" ? change.record.id : change.id
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
