import assert from "node:assert/strict"
import { liveData } from "../contract/apply-change.ts"
import type { Change, Outcome } from "../contract/change.ts"
import type { SessionRecord } from "../contract/record.ts"
import type { SessionStore } from "../contract/store.ts"
import { create } from "./changes.ts"
import type { ManualClock } from "./manual-clock.ts"
import type { RecordBuilder } from "./record-builder.ts"

export const GONE: Outcome = { kind: "gone" }
export const CONFLICT: Outcome = { kind: "conflict" }
export const EXISTS: Outcome = { kind: "exists" }
export const applied = (version: number): Outcome => ({ kind: "applied", version })

/** What a case works with, besides the store. */
export interface Surroundings {
  readonly clock: ManualClock
  readonly records: RecordBuilder
  /** Where random sequences start, as the store's author gave it. */
  readonly seed: number
  /** Closes the store and opens the same place again. Durable stores only. */
  readonly reopen: () => Promise<SessionStore>
}

/** One run of one case: a store, its surroundings, and the questions that cases ask again and again. */
export class Trial<S extends SessionStore = SessionStore> {
  readonly store: S
  readonly surroundings: Surroundings

  constructor(store: S, surroundings: Surroundings) {
    this.store = store
    this.surroundings = surroundings
  }

  get clock(): ManualClock {
    return this.surroundings.clock
  }

  get records(): RecordBuilder {
    return this.surroundings.records
  }

  get now(): number {
    return this.clock.now()
  }

  /** A record that the store holds already. */
  async given(fields: Partial<SessionRecord> = {}): Promise<SessionRecord> {
    const record = this.records.record(fields)
    await this.expectOutcome(create(record), applied(record.version))
    return record
  }

  /** Several records that the store holds already. */
  async givenAll(records: readonly SessionRecord[]): Promise<readonly SessionRecord[]> {
    await this.expectOutcomes(
      records.map(create),
      records.map(record => applied(record.version)),
    )
    return records
  }

  async find(id: string): Promise<SessionRecord | undefined> {
    const found = await this.store.find([id])
    assert.equal(found.length, 1, "find gives one answer per id")
    return found[0]
  }

  /** The live record of this id; fails when there is none. */
  async live(id: string): Promise<SessionRecord> {
    const found = await this.find(id)
    assert.ok(found, `no live record was found for id ${id}`)
    return found
  }

  async apply(change: Change): Promise<Outcome> {
    const outcomes = await this.store.apply([change])
    assert.equal(outcomes.length, 1, "apply gives one outcome per change")
    const [outcome] = outcomes
    assert.ok(outcome, "an outcome is missing")
    return outcome
  }

  async expectOutcome(change: Change, expected: Outcome): Promise<void> {
    await this.expectOutcomes([change], [expected])
  }

  async expectOutcomes(changes: readonly Change[], expected: readonly Outcome[]): Promise<void> {
    const outcomes = await this.store.apply(changes)
    assert.equal(outcomes.length, changes.length, "apply gives one outcome per change")
    for (const [index, change] of changes.entries()) {
      const [actual, wanted] = [outcomes[index], expected[index]]
      const told = `${JSON.stringify(actual)} instead of ${JSON.stringify(wanted)}`
      assert.deepEqual(actual, wanted, `the outcome of change ${index}, a ${change.kind}, was ${told}`)
    }
  }

  /** The store holds exactly these records. */
  async expectStored(...expected: readonly SessionRecord[]): Promise<void> {
    const found = await this.store.find(expected.map(record => record.id))
    this.expectSame(found, expected)
  }

  async expectMissing(...ids: readonly string[]): Promise<void> {
    const found = await this.store.find(ids)
    this.expectSame(
      found,
      ids.map(() => undefined),
    )
  }

  /** Same meaning, field by field; keys that have ended do not count, for a store may drop them early or late. */
  expectSame(
    actual: readonly (SessionRecord | undefined)[],
    expected: readonly (SessionRecord | undefined)[],
  ): void {
    assert.equal(actual.length, expected.length, "how many records were found")
    // One by one: the difference between two long lists takes seconds to print and nobody reads it.
    for (const [index, record] of actual.entries()) {
      assert.deepEqual(plain(record, this.now), plain(expected[index], this.now))
    }
  }
}

/** A record spelled in one way only: a missing optional field and an undefined one are the same. */
function plain(record: SessionRecord | undefined, now: number): object | undefined {
  if (record === undefined) return undefined
  const { previous, login, client } = record
  const entries = [...liveData(record.data, now)]
  return {
    ...record,
    previous: previous && { secretHash: previous.secretHash, confirmedAt: previous.confirmedAt },
    login: login && {
      userId: login.userId,
      authenticatedAt: login.authenticatedAt,
      methods: login.methods.map(({ name, at }) => ({ name, at })),
      assurance: login.assurance,
      stampHash: login.stampHash,
      externalId: login.externalId,
    },
    client: { address: client.address, userAgent: client.userAgent, label: client.label },
    data: new Map(entries.map(([key, { text, expiresAt }]) => [key, { text, expiresAt }])),
  }
}
