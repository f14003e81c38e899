import assert from "node:assert/strict"
import type { Change } from "../../contract/change.ts"
import { isCounting, isExternallyIndexed, isImmediate, isUserIndexed } from "../../contract/store.ts"
import { type CaseDefinition, storeCase } from "../contract-case.ts"
import { SECOND } from "../record-builder.ts"
import { SeededRandom, seedOf } from "../seeded-random.ts"
import type { Trial } from "../trial.ts"
import { ModelStore } from "./model-store.ts"
import { EXTERNAL_IDS, RandomChanges, USERS } from "./random-changes.ts"

const STEPS = 400

/** Random changes of a few sessions: after each step the store must agree with `applyChange` over a plain map. */
export const modelCases: readonly CaseDefinition[] = [1, 2, 3].map(run =>
  storeCase(`the store agrees with the model through ${STEPS} random steps, run ${run}`, async t => {
    const { seed } = t.surroundings
    const random = new SeededRandom(seedOf(`run ${run}`, seed))
    const model = new ModelStore()
    const changes = new RandomChanges(random, t, model)
    for (let step = 0; step < STEPS; step++) {
      const batch = changes.batch()
      try {
        await takeStep(t, random, model, batch)
      } catch (error) {
        throw new Error(described(seed, step, batch, error), { cause: error })
      }
    }
  }),
)

async function takeStep(
  t: Trial,
  random: SeededRandom,
  model: ModelStore,
  batch: readonly Change[],
): Promise<void> {
  const expected = batch.map(change => model.apply(change, t.now))
  await t.expectOutcomes(batch, expected)
  if (random.onceIn(3)) t.clock.advance(random.below(20 * SECOND))
  if (random.onceIn(8)) await sweepBoth(t, model)
  if (random.onceIn(25)) await revokeExternalInBoth(t, random, model)
  await compare(t, model)
}

/** A store may have dropped an expired record before the sweep, so it may tell fewer ids, but no other ones. */
async function sweepBoth(t: Trial, model: ModelStore): Promise<void> {
  const expired = model.sweep(t.now)
  const swept = await t.store.sweep(t.now, 1000)
  assert.deepEqual(
    swept.filter(id => !expired.has(id)),
    [],
    "swept although not expired",
  )
}

async function revokeExternalInBoth(
  { store, now }: Trial,
  random: SeededRandom,
  model: ModelStore,
): Promise<void> {
  if (!isExternallyIndexed(store)) return
  const externalId = random.pick<string>("sid", ...EXTERNAL_IDS)
  const revoked = await store.revokeByExternalId(externalId)
  assert.deepEqual(
    revoked.toSorted(),
    model.revokeByExternalId(externalId, now).sort(),
    "revoked by external id",
  )
}

async function compare(t: Trial, model: ModelStore): Promise<void> {
  const { store, now } = t
  const ids = model.knownIds()
  const expected = ids.map(id => model.find(id, now))
  t.expectSame(await store.find(ids), expected)
  if (isImmediate(store))
    t.expectSame(
      ids.map(id => store.findNow(id)),
      expected,
    )
  if (isUserIndexed(store)) {
    for (const userId of USERS) {
      const own = model.findByUser(userId, now)
      t.expectSame(await store.findByUser(userId), own)
      assert.equal(await store.countByUser(userId), own.length, `the count of ${userId}`)
    }
  }
  if (isCounting(store)) {
    const since = now - 10 * SECOND
    const counts = [await store.countLive(), await store.countUsersSeen(since)]
    assert.deepEqual(
      counts,
      [model.live(now).length, model.countUsersSeen(since, now)],
      "live sessions, users seen",
    )
  }
}

function described(seed: number, step: number, batch: readonly Change[], error: unknown): string {
  const text = JSON.stringify(batch, (_, value) => (value instanceof Map ? Object.fromEntries(value) : value))
  return `with { seed: ${seed} } the store and the model part at step ${step}, after ${text}: ${error}`
}
