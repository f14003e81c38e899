import assert from "node:assert/strict"
import fc from "fast-check"
import { applyChange } from "../../../src/contract/apply-change.ts"
import { type Change, idOf, type Outcome } from "../../../src/contract/change.ts"
import type { Login, SessionRecord } from "../../../src/contract/record.ts"
import type { MemoryStore } from "../../../src/stores/memory/index.ts"
import { ManualClock, RecordBuilder } from "../../../src/testing/index.ts"

const IDS = 24
const USERS = 5
const EXTERNALS = 4
const MINUTE = 60_000

/** What the memory store has to be: a plain `Map` and `applyChange`. */
export class Model {
  readonly #records = new Map<string, SessionRecord>()

  apply(change: Change, now: number): Outcome {
    const id = idOf(change)
    const { outcome, record } = applyChange(this.#records.get(id), change, now)
    if (record !== undefined) this.#records.set(id, record)
    else if (outcome.kind === "applied") this.#records.delete(id)
    return outcome
  }

  live(now: number): SessionRecord[] {
    return [...this.#records.values()].filter(record => now < record.expiresAt)
  }

  liveOf(userId: string, now: number): SessionRecord[] {
    return this.live(now)
      .filter(record => record.login?.userId === userId)
      .sort(
        (a, b) => (a.login?.authenticatedAt ?? 0) - (b.login?.authenticatedAt ?? 0) || (a.id < b.id ? -1 : 1),
      )
  }

  expired(now: number): string[] {
    return [...this.#records.values()].filter(record => now >= record.expiresAt).map(record => record.id)
  }

  forget(ids: Iterable<string>): void {
    for (const id of ids) this.#records.delete(id)
  }
}

/** Store and model side by side, with what a step of a random sequence needs. */
export class Twins {
  readonly clock = new ManualClock()
  readonly store: MemoryStore
  readonly model = new Model()
  readonly ids: readonly string[]
  readonly #builder = new RecordBuilder(this.clock)

  constructor(open: (now: () => number) => MemoryStore) {
    this.store = open(this.clock.now)
    this.ids = Array.from({ length: IDS }, () => this.#builder.id())
  }

  async step(step: Step): Promise<void> {
    this.clock.advance(step.wait)
    const now = this.clock.now()
    const { store, model } = this
    if (step.kind === "sweep") {
      const due = model.expired(now)
      const swept = await store.sweep(now, step.limit)
      assert.equal(swept.length, Math.min(step.limit, due.length))
      assert.ok(swept.every(id => due.includes(id)))
      model.forget(swept)
    } else if (step.kind === "revokeByUser") {
      const except = this.#id(step.at)
      const ids = idsOf(model.liveOf(userOf(step.at), now)).filter(id => id !== except)
      assert.deepEqual((await store.revokeByUser(userOf(step.at), except)).toSorted(), ids.toSorted())
      model.forget(ids)
    } else if (step.kind === "revokeByExternalId") {
      const externalId = externalOf(step.at)
      const ids = idsOf(model.live(now).filter(({ login }) => login?.externalId === externalId))
      assert.deepEqual((await store.revokeByExternalId(externalId)).toSorted(), ids.toSorted())
      model.forget(ids)
    } else {
      const changes = step.seeds.map(seed => this.#change(seed))
      const expected = changes.map(change => model.apply(change, now))
      assert.deepEqual(await store.apply(changes), expected)
    }
  }

  async compare(): Promise<void> {
    const now = this.clock.now()
    const { store, model } = this
    const live = new Map(model.live(now).map(record => [record.id, record]))
    assert.deepEqual(
      await store.find(this.ids),
      this.ids.map(id => live.get(id)),
    )
    assert.equal(await store.countLive(), live.size)
    const since = now - 10 * MINUTE
    const seen = [...live.values()].filter(({ lastSeenAt }) => lastSeenAt >= since)
    const users = new Set(seen.flatMap(({ login }) => (login ? [login.userId] : [])))
    assert.equal(await store.countUsersSeen(since), users.size)
    for (let n = 0; n < USERS; n++) {
      assert.deepEqual(await store.findByUser(userOf(n)), model.liveOf(userOf(n), now))
      assert.equal(await store.countByUser(userOf(n)), model.liveOf(userOf(n), now).length)
    }
  }

  #id(at: number): string {
    return this.ids[at % IDS] ?? ""
  }

  #change(seed: Seed): Change {
    const id = this.#id(seed.at)
    const now = this.clock.now()
    const { epoch = 0, generation = 0, version = 1 } = this.store.findNow(id) ?? {}
    const { data: set, client, persistent, off } = seed
    const expiresAt = now + seed.idle
    const seen = { at: now - seed.late, expiresAt: expiresAt - seed.late }
    const lifetime = { idleTimeout: seed.idle, absoluteExpiresAt: now + 4 * seed.idle, expiresAt, persistent }
    const login = seed.login && { ...seed.login, authenticatedAt: now - seed.late }
    const data = { set, unset: seed.unset, client, ...(seed.extend && { lifetime }), seen }
    switch (seed.kind) {
      case "create": {
        const fields = { id, login, client, data: set, epoch, ...lifetime }
        return { kind: "create", record: this.#builder.record(fields) }
      }
      case "patch":
        return { kind: "patch", id, epoch: epoch + off, ...(seed.extend && { ifVersion: version }), ...data }
      case "rotate": {
        const hashes = {
          secretHash: this.#builder.hash(),
          previousSecretHash: seed.extend ? undefined : this.#builder.hash(),
        }
        const privilege = seed.extend ? { privilege: { login } } : {}
        return {
          kind: "rotate",
          id,
          epoch,
          generation: generation + off,
          at: now,
          ...hashes,
          ...privilege,
          ...data,
        }
      }
      case "touch":
        return { kind: "touch", id, seen, ...(seed.extend && { confirm: generation }) }
      case "revoke":
        return { kind: "revoke", id }
    }
  }
}

const userOf = (n: number): string => (n % USERS === 0 ? "Żółw 🐢" : `user-${n % USERS}`)
const externalOf = (n: number): string => (n === 0 ? "" : `sid-${n}`)
const idsOf = (records: readonly SessionRecord[]): string[] => records.map(({ id }) => id)

/** Texts of all widths, lone surrogates included, and now and then one that outgrows a page. */
const text = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.string({
      unit: fc.constantFrom("a", "é", "ÿ", "Ā", "\0", "€", "𝒜", "\ud800"),
      maxLength: 40,
    }),
  },
  { weight: 1, arbitrary: fc.integer({ min: 100, max: 9000 }).map(length => "x".repeat(length)) },
)
const key = fc.constantFrom("a", "b", "__proto__", "ключ", "")
const loginFields = {
  userId: fc.nat(USERS - 1).map(userOf),
  authenticatedAt: fc.constant(0),
  methods: fc.array(fc.record({ name: text, at: fc.nat(3) }, { noNullPrototype: true }), { maxLength: 3 }),
  ...{ assurance: text, stampHash: text, externalId: fc.nat(EXTERNALS - 1).map(externalOf) },
}
const login: fc.Arbitrary<Login> = fc.record(loginFields, {
  requiredKeys: ["userId", "authenticatedAt", "methods"],
  noNullPrototype: true,
})
const value = fc.record(
  { text, expiresAt: fc.constant(Date.UTC(2040, 0, 1, 0, 30)) },
  { requiredKeys: ["text"], noNullPrototype: true },
)
const seed = fc.record({
  kind: fc.constantFrom("create", "create", "patch", "patch", "rotate", "touch", "touch", "revoke"),
  at: fc.nat(IDS - 1),
  data: fc.array(fc.tuple(key, value), { maxLength: 4 }).map(entries => new Map(entries)),
  unset: fc.array(key, { maxLength: 2 }),
  client: fc.record(
    { address: text, userAgent: text, label: text },
    { requiredKeys: [], noNullPrototype: true },
  ),
  login: fc.option(login, { nil: undefined }),
  persistent: fc.boolean(),
  extend: fc.boolean(),
  /** How far off the expected epoch or generation is. */
  off: fc.constantFrom(0, 0, 0, 1),
  idle: fc.integer({ min: 1, max: 40 * MINUTE }),
  late: fc.nat(MINUTE),
})
type Seed = typeof seed extends fc.Arbitrary<infer T> ? T : never

const wait = fc.oneof(fc.constant(0), fc.nat(10), fc.nat(20 * MINUTE))
export const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("apply"),
      wait,
      seeds: fc.array(seed, { minLength: 1, maxLength: 6 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("sweep"), wait, limit: fc.nat(IDS) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("revokeByUser"), wait, at: fc.nat(IDS - 1) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("revokeByExternalId"), wait, at: fc.nat(EXTERNALS - 1) }),
  },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never
