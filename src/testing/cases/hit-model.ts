import assert from "node:assert/strict"
import { applyHit } from "../../contract/apply-hit.ts"
import type { Hit, HitCount, HitOutcome } from "../../contract/hit.ts"
import type { HitCountingStore } from "../../contract/store.ts"
import { capabilityCase, HITS } from "../capability-case.ts"
import type { CaseDefinition } from "../contract-case.ts"
import { MINUTE, SECOND } from "../record-builder.ts"
import { SeededRandom, seedOf } from "../seeded-random.ts"
import type { Trial } from "../trial.ts"

const ROUNDS = 200

type UsedKey = Pick<Hit, "key" | "window" | "limit">

/** Each with a window of its own; none is short, as a store may let counts end by its server's clock. */
const KEYS: readonly [UsedKey, ...UsedKey[]] = [
  { key: "a", window: MINUTE, limit: 20 },
  { key: "b", window: 61_009, limit: 7 },
  { key: "__proto__", window: 5 * MINUTE, limit: 1000 },
]

/** Random hits of a few keys: each outcome has to be what `applyHit` makes of a plain map. */
export const hitModelCases: readonly CaseDefinition[] = [
  capabilityCase(HITS, "random hits have the outcomes of applyHit, while sweeps go on", t =>
    compare(t, async random => {
      t.clock.advance(elapsed(random))
      if (random.onceIn(4)) await t.store.sweep(t.now, 10)
    }),
  ),
  // Without sweeps: for a clock that has stepped back, what was swept would not have ended yet.
  capabilityCase(HITS, "random hits have the outcomes of applyHit, while the clock steps back and forth", t =>
    compare(t, async random => {
      t.clock.advance(random.onceIn(3) ? -elapsed(random) : elapsed(random))
    }),
  ),
]

const elapsed = (random: SeededRandom): number =>
  random.onceIn(8) ? random.below(3 * MINUTE) : random.below(12 * SECOND)

async function compare(
  t: Trial<HitCountingStore>,
  pass: (random: SeededRandom) => Promise<void>,
): Promise<void> {
  const { seed } = t.surroundings
  const random = new SeededRandom(seedOf("hits", seed))
  const counts = new Map<string, HitCount>()
  for (let round = 0; round < ROUNDS; round++) {
    const hits = Array.from({ length: 1 + random.below(5) }, () => randomHit(random))
    const expected = hits.map(hit => count(counts, hit, t.now))
    const outcomes = await t.store.hit(hits)
    const where = `with { seed: ${seed} } at round ${round}, of ${JSON.stringify(hits)}`
    assert.deepEqual(outcomes, expected, `the outcomes ${where}`)
    await pass(random)
  }
}

function randomHit(random: SeededRandom): Hit {
  const [first, ...others] = KEYS
  const of = random.pick(first, ...others)
  const limit = random.onceIn(10) ? 1 + random.below(of.limit) : of.limit
  return { ...of, limit, cost: 1 + random.below(Math.ceil(limit / 4)) }
}

function count(counts: Map<string, HitCount>, hit: Hit, now: number): HitOutcome {
  const outcome = applyHit(counts.get(hit.key), hit, now)
  counts.set(hit.key, outcome)
  return outcome
}
