import { setImmediate as turn } from "node:timers/promises"
import { applyHit, type Hit, type HitCount, type HitOutcome } from "../../../src/contract/index.ts"
import { ReferenceStore } from "../reference-store.ts"
import type { Fault } from "./fault.ts"

/** A store that judges hits in its own way; `stored` is what it had counted. */
function misjudged(
  name: string,
  judge: (stored: HitCount | undefined, hit: Hit, now: number) => HitOutcome,
): Fault {
  class Misjudging extends ReferenceStore {
    protected override judged(stored: HitCount | undefined, hit: Hit, now: number): HitOutcome {
      return judge(stored, hit, now)
    }
  }
  return { name, open: (now, disk) => new Misjudging(now, disk) }
}

/** A store that takes a hit for another one. */
function misheard(name: string, hear: (hit: Hit) => Hit): Fault {
  class Mishearing extends ReferenceStore {
    protected override count(hit: Hit): HitOutcome {
      return super.count(hear(hit))
    }
  }
  return { name, open: (now, disk) => new Mishearing(now, disk) }
}

const wrongKey = (name: string, key: (key: string) => string): Fault =>
  misheard(name, hit => ({ ...hit, key: key(hit.key) }))

/** Answers with the count that it has counted, whether it may or not. */
const counted = (count: HitCount, hit: Hit, allowed: boolean): HitOutcome => ({
  ...count,
  current: count.current + hit.cost,
  allowed,
})

class ReadsThenWrites extends ReferenceStore {
  override async hit(hits: readonly Hit[]): Promise<HitOutcome[]> {
    const before = new Map(this.counts)
    await turn()
    const meanwhile = new Map(this.counts)
    for (const { key } of hits) restore(this.counts, key, before.get(key))
    const outcomes = await super.hit(hits)
    for (const [key, count] of meanwhile) if (!this.counts.has(key)) this.counts.set(key, count)
    return outcomes
  }
}

function restore<Value>(map: Map<string, Value>, key: string, value: Value | undefined): void {
  if (value === undefined) map.delete(key)
  else map.set(key, value)
}

class Backwards extends ReferenceStore {
  override async hit(hits: readonly Hit[]): Promise<HitOutcome[]> {
    return (await super.hit(hits.toReversed())).toReversed()
  }
}

/** One statement for the call: each hit sees what was stored before it. */
class AsBefore extends ReferenceStore {
  override async hit(hits: readonly Hit[]): Promise<HitOutcome[]> {
    const before = new Map(this.counts)
    const outcomes: HitOutcome[] = []
    for (const hit of hits) {
      restore(this.counts, hit.key, before.get(hit.key))
      outcomes.push(...(await super.hit([hit])))
    }
    return outcomes
  }
}

class OneOutcomePerKey extends ReferenceStore {
  override async hit(hits: readonly Hit[]): Promise<HitOutcome[]> {
    const outcomes = await super.hit(hits)
    return outcomes.filter((_, index) => hits.findIndex(({ key }) => key === hits[index]?.key) === index)
  }
}

class FailsWithoutHits extends ReferenceStore {
  override async hit(hits: readonly Hit[]): Promise<HitOutcome[]> {
    if (hits.length === 0) throw new RangeError("VALUES is empty")
    return super.hit(hits)
  }
}

class FirstLimit extends ReferenceStore {
  readonly #limits = new Map<string, number>()
  protected override count(hit: Hit): HitOutcome {
    const limit = this.#limits.get(hit.key) ?? hit.limit
    this.#limits.set(hit.key, limit)
    return super.count({ ...hit, limit })
  }
}

class SweepsEarly extends ReferenceStore {
  override async sweep(now: number, limit: number): Promise<readonly string[]> {
    for (const [key, { count }] of this.counts) if (count.windowStart + 60_000 <= now) this.counts.delete(key)
    return super.sweep(now, limit)
  }
}

class SweepsAllCounts extends ReferenceStore {
  override async sweep(now: number, limit: number): Promise<readonly string[]> {
    this.counts.clear()
    return super.sweep(now, limit)
  }
}

class TellsKeys extends ReferenceStore {
  override async sweep(now: number, limit: number): Promise<readonly string[]> {
    const ended = [...this.counts].flatMap(([key, { end }]) => (end <= now ? [key] : []))
    return [...(await super.sweep(now, limit)), ...ended]
  }
}

/** The limit of a sweep is for sessions and counts together. */
class SharesTheLimit extends ReferenceStore {
  override async sweep(now: number, limit: number): Promise<readonly string[]> {
    const ended = [...this.counts.values()].filter(({ end }) => end <= now).length
    return super.sweep(now, Math.max(0, limit - ended))
  }
}

/** Sessions and counts in one table. */
class OneTable extends ReferenceStore {
  protected override remove(id: string): string {
    this.counts.delete(id)
    return super.remove(id)
  }
}

class ClearsCounts extends ReferenceStore {
  override async revokeAll(): Promise<number> {
    const count = await super.revokeAll()
    this.counts.clear()
    return count
  }
}

export const hitFaults: readonly Fault[] = [
  { name: "reads a count and writes it later", open: (now, disk) => new ReadsThenWrites(now, disk) },
  { name: "judges the hits of a call backwards", open: (now, disk) => new Backwards(now, disk) },
  {
    name: "judges each hit of a call by what was there before it",
    open: (now, disk) => new AsBefore(now, disk),
  },
  { name: "answers once for each key", open: (now, disk) => new OneOutcomePerKey(now, disk) },
  { name: "fails when there is no hit", open: (now, disk) => new FailsWithoutHits(now, disk) },
  { name: "keeps to the first limit of a key", open: (now, disk) => new FirstLimit(now, disk) },
  { name: "sweeps counts after one window", open: (now, disk) => new SweepsEarly(now, disk) },
  { name: "sweeps all counts", open: (now, disk) => new SweepsAllCounts(now, disk) },
  { name: "tells keys of counts as swept", open: (now, disk) => new TellsKeys(now, disk) },
  {
    name: "sweeps fewer sessions when counts have ended",
    open: (now, disk) => new SharesTheLimit(now, disk),
  },
  { name: "drops the count that is named as a session is", open: (now, disk) => new OneTable(now, disk) },
  { name: "clears counts by revokeAll", open: (now, disk) => new ClearsCounts(now, disk) },
  misheard("counts one for each hit", hit => ({ ...hit, cost: 1 })),
  misheard("allows one less than the limit", hit => ({ ...hit, limit: hit.limit - 1 })),
  misheard("allows one more than the limit", hit => ({ ...hit, limit: hit.limit + 1 })),
  wrongKey("counts all keys as one", () => "all"),
  wrongKey("ignores the case of hit keys", key => key.toLowerCase()),
  wrongKey("trims hit keys", key => key.trim()),
  wrongKey("normalises hit keys", key => key.normalize()),
  wrongKey("cuts hit keys", key => key.slice(0, 255)),
  misjudged("counts refused hits", (stored, hit, now) => {
    const outcome = applyHit(stored, hit, now)
    return outcome.allowed ? outcome : counted(outcome, hit, false)
  }),
  misjudged("allows part of a cost", (stored, hit, now) => {
    const outcome = applyHit(stored, hit, now)
    return outcome.allowed ? outcome : applyHit(stored, { ...hit, cost: 1 }, now)
  }),
  misjudged("lets every hit pass", (stored, hit, now) => {
    const outcome = applyHit(stored, hit, now)
    return outcome.allowed ? outcome : counted(outcome, hit, true)
  }),
  misjudged("forgets the window before", (stored, hit, now) =>
    applyHit(
      stored && {
        ...stored,
        current: stored.windowStart + hit.window <= now ? 0 : stored.current,
        previous: 0,
      },
      hit,
      now,
    ),
  ),
  misjudged("counts the window before in whole", (stored, hit, now) => {
    const start = now - (now % hit.window)
    return applyHit(stored, hit, stored?.windowStart === start - hit.window ? start : now)
  }),
  misjudged("counts by seconds", (stored, hit, now) => applyHit(stored, hit, now - (now % 1000))),
  misjudged("begins a window at the first hit", (stored, hit, now) => {
    if (stored && now < stored.windowStart + hit.window) return applyHit(stored, hit, stored.windowStart)
    const current = stored?.current ?? 0
    return { windowStart: now, current: hit.cost, previous: current, allowed: true }
  }),
  misjudged("never ends a count", (stored, hit, now) =>
    stored && stored.windowStart + 2 * hit.window <= now
      ? applyHit({ ...stored, windowStart: now - (now % hit.window) - hit.window }, hit, now)
      : applyHit(stored, hit, now),
  ),
  misjudged("begins anew when the clock steps back", (stored, hit, now) =>
    applyHit(stored && stored.windowStart <= now ? stored : undefined, hit, now),
  ),
  misjudged("keeps a count that a clock far ahead has begun", (stored, hit, now) =>
    applyHit(stored, hit, Math.max(now, stored?.windowStart ?? now)),
  ),
  misjudged("forgets a count that a clock far ahead has begun", (stored, hit, now) =>
    applyHit(stored && stored.windowStart - 2 * hit.window <= now ? stored : undefined, hit, now),
  ),
  misjudged("wraps counts at 32 bits", (stored, hit, now) => {
    const outcome = applyHit(stored, hit, now)
    return { ...outcome, current: outcome.current >>> 0 }
  }),
]
