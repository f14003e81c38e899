import { setImmediate as turn } from "node:timers/promises"
import type { Change, Outcome, SessionRecord } from "../../../src/contract/index.ts"
import { ReferenceStore } from "../reference-store.ts"
import type { Fault } from "./fault.ts"

class Living extends ReferenceStore {
  override async sweep(_now: number, limit: number): Promise<readonly string[]> {
    await super.sweep(0, 0)
    return [...this.records.keys()].slice(0, limit).map(id => this.remove(id))
  }
}

class Unlimited extends ReferenceStore {
  override sweep(now: number): Promise<readonly string[]> {
    return super.sweep(now, Number.POSITIVE_INFINITY)
  }
}

class OwnMoment extends ReferenceStore {
  override sweep(_now: number, limit: number): Promise<readonly string[]> {
    return super.sweep(this.now(), limit)
  }
}

class LateByOne extends ReferenceStore {
  override sweep(now: number, limit: number): Promise<readonly string[]> {
    return super.sweep(now - 1, limit)
  }
}

class Silent extends ReferenceStore {
  override async sweep(now: number, limit: number): Promise<readonly string[]> {
    await super.sweep(now, limit)
    return []
  }
}

class Idle extends ReferenceStore {
  override async sweep(now: number, limit: number): Promise<readonly string[]> {
    await super.sweep(now, 0)
    return this.#over(now).slice(0, limit)
  }

  #over(now: number): string[] {
    return [...this.records.values()].filter(record => record.expiresAt <= now).map(record => record.id)
  }
}

class TwoSteps extends ReferenceStore {
  override async sweep(now: number, limit: number): Promise<readonly string[]> {
    await super.sweep(0, 0)
    const over = [...this.records.values()].filter(record => record.expiresAt <= now).slice(0, limit)
    await turn()
    return over.map(record => this.remove(record.id))
  }
}

/** Lines the ids up by the end they had first, and sweeps what is in front. */
class FirstEnds extends ReferenceStore {
  readonly #ends = new Map<string, number>()

  protected override change(change: Change): Outcome {
    if (change.kind === "create" && !this.#ends.has(change.record.id)) {
      this.#ends.set(change.record.id, change.record.expiresAt)
    }
    return super.change(change)
  }

  override async sweep(now: number, limit: number): Promise<readonly string[]> {
    await super.sweep(0, 0)
    const over = [...this.#ends].filter(([, end]) => end <= now).slice(0, limit)
    for (const [id] of over) this.#ends.delete(id)
    return over.map(([id]) => this.remove(id))
  }
}

/** Lines the ids up once: a session whose life was cut waits for its first end. */
class LatestEnds extends ReferenceStore {
  readonly #ends = new Map<string, number>()

  protected override applied(record: SessionRecord | undefined, change: Change) {
    const after = super.applied(record, change)
    if (after.record) {
      const { id, expiresAt } = after.record
      this.#ends.set(id, change.kind === "create" ? expiresAt : Math.max(expiresAt, this.#ends.get(id) ?? 0))
    }
    return after
  }

  override async sweep(now: number, limit: number): Promise<readonly string[]> {
    await super.sweep(0, 0)
    const over = [...this.records.values()].filter(({ id }) => (this.#ends.get(id) ?? 0) <= now)
    return over.slice(0, limit).map(({ id }) => this.remove(id))
  }
}

export const sweepFaults: readonly Fault[] = [
  { name: "sweeps the living", open: (now, disk) => new Living(now, disk) },
  { name: "sweeps beyond its limit", open: (now, disk) => new Unlimited(now, disk) },
  { name: "sweeps by a moment of its own", open: (now, disk) => new OwnMoment(now, disk) },
  { name: "sweeps a millisecond late", open: (now, disk) => new LateByOne(now, disk) },
  { name: "does not tell what it swept", open: (now, disk) => new Silent(now, disk) },
  { name: "tells but does not sweep", open: (now, disk) => new Idle(now, disk) },
  { name: "lists and removes in two steps", open: (now, disk) => new TwoSteps(now, disk) },
  { name: "sweeps by the first end", open: (now, disk) => new FirstEnds(now, disk) },
  { name: "sweeps by the latest end", open: (now, disk) => new LatestEnds(now, disk) },
]
