import assert from "node:assert/strict"
import { join } from "node:path"
import { test } from "node:test"
import fc from "fast-check"
import { applyChange, liveData } from "../../../src/contract/apply-change.ts"
import { type Change, idOf, type Outcome } from "../../../src/contract/change.ts"
import type { SessionRecord } from "../../../src/contract/record.ts"
import { createSqliteStore, type SqliteSessionStore } from "../../../src/stores/sqlite/index.ts"
import { IDS, steps } from "../arbitrary-steps.ts"
import { temporaryDirectory } from "./temporary-directory.ts"

const directory = await temporaryDirectory()

let now = 0
const clock = { now: () => now }

for (const [name, options] of [
  ["a file", { path: join(directory, "meaning.db"), durability: "normal" }],
  ["memory", { path: ":memory:" }],
] as const) {
  test(`random batches over ${name} do what applyChange says`, async () => {
    const store = await createSqliteStore(options, clock)
    await fc.assert(
      fc.asyncProperty(steps, async sequence => {
        now = 0
        await store.revokeAll()
        const model = new Map<string, SessionRecord>()
        for (const { wait, changes, revoked } of sequence) {
          now += wait
          assert.deepEqual(
            await store.apply(changes),
            changes.map(each => applyToModel(model, each)),
          )
          if (revoked !== null) {
            const ids = revokeInModel(model, revoked)
            assert.deepEqual((await store.revokeByExternalId(revoked)).toSorted(), ids.toSorted())
          }
          await compare(store, model)
        }
      }),
      { numRuns: 150 },
    )
    await store.close()
  })
}

function applyToModel(model: Map<string, SessionRecord>, change: Change): Outcome {
  const name = idOf(change)
  const applied = applyChange(model.get(name), change, now)
  if (applied.record) model.set(name, applied.record)
  else model.delete(name)
  return applied.outcome
}

function revokeInModel(model: Map<string, SessionRecord>, externalId: string): string[] {
  const live = [...model.values()].filter(({ expiresAt }) => now < expiresAt)
  const ids = live.flatMap(each => (each.login?.externalId === externalId ? [each.id] : []))
  for (const each of ids) model.delete(each)
  return ids
}

async function compare(store: SqliteSessionStore, model: ReadonlyMap<string, SessionRecord>): Promise<void> {
  const expected = IDS.map(each => {
    const stored = model.get(each)
    return stored && now < stored.expiresAt ? { ...stored, data: liveData(stored.data, now) } : undefined
  })
  const found = await store.find(IDS)
  assert.deepEqual(found, expected)
  assert.deepEqual(found.map(keysInOrder), expected.map(keysInOrder))
  assert.deepEqual(
    IDS.map(each => store.findNow(each)),
    expected,
  )
  const live = expected.filter(each => each !== undefined)
  assert.equal(await store.countLive(), live.length)
  const online = new Set(live.filter(each => each.lastSeenAt >= 4).flatMap(each => each.login?.userId ?? []))
  assert.equal(await store.countUsersSeen(4), online.size)
}

const keysInOrder = (record: SessionRecord | undefined): string[] => [...(record?.data.keys() ?? [])]
