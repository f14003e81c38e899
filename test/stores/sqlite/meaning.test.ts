import assert from "node:assert/strict"
import { join } from "node:path"
import { test } from "node:test"
import fc from "fast-check"
import { applyChange, liveData } from "../../../src/contract/apply-change.ts"
import type { Change, Outcome } from "../../../src/contract/change.ts"
import type { SessionData, SessionRecord } from "../../../src/contract/record.ts"
import { createSqliteStore, type SqliteSessionStore } from "../../../src/stores/sqlite/index.ts"
import { temporaryDirectory } from "./temporary-directory.ts"

const directory = await temporaryDirectory()

/** Few ids, keys and times, so that changes meet. */
const id = fc.constantFrom("id-one", "id-two", "\ud800", "\ufffd", '"quoted"')
const key = fc.constantFrom("__proto__", "a", "10", "2", "\ud800", "", "x\0y")
const time = fc.nat(12)
const small = fc.nat(2)
const odd = fc.string({ unit: "binary", maxLength: 5 })

const value = fc.record({ text: odd, expiresAt: time }, { requiredKeys: ["text"] })
const data: fc.Arbitrary<SessionData> = fc
  .array(fc.tuple(key, value), { maxLength: 3 })
  .map(pairs => new Map(pairs))
const externalId = fc.constantFrom("", "sid", "\ud800", "\ufffd")
const login = fc.record(
  {
    userId: fc.oneof(odd, id),
    authenticatedAt: time,
    methods: fc.array(fc.record({ name: odd, at: time }), { maxLength: 2 }),
    ...{ assurance: odd, stampHash: odd, externalId },
  },
  { requiredKeys: ["userId", "authenticatedAt", "methods"] },
)
const client = fc.record({ address: odd, userAgent: odd, label: odd }, { requiredKeys: [] })
const seen = fc.record({ at: time, expiresAt: time })
const lifetime = fc.record({
  idleTimeout: time,
  absoluteExpiresAt: time,
  expiresAt: time,
  persistent: fc.boolean(),
})
const previous = fc.record({ secretHash: odd, confirmedAt: fc.option(time, { nil: undefined }) })
const undefinable = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })

const record: fc.Arbitrary<SessionRecord> = fc.record({
  id,
  secretHash: fc.constantFrom("hash-one", "hash-two"),
  previous: undefinable(previous),
  epoch: small,
  version: small,
  generation: small,
  createdAt: time,
  rotatedAt: time,
  lastSeenAt: time,
  idleTimeout: time,
  absoluteExpiresAt: time,
  expiresAt: fc.integer({ min: 3, max: 20 }),
  persistent: fc.boolean(),
  login: undefinable(login),
  client,
  data,
})

const dataChange = { set: data, unset: fc.array(key, { maxLength: 2 }) }
const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("create"), record }) },
  {
    weight: 4,
    arbitrary: fc.record(
      {
        kind: fc.constant("patch"),
        id,
        epoch: small,
        ifVersion: fc.nat(4),
        client,
        lifetime,
        seen,
        ...dataChange,
      },
      { requiredKeys: ["kind", "id", "epoch", "set", "unset"] },
    ),
  },
  {
    weight: 2,
    arbitrary: fc.record(
      {
        kind: fc.constant("rotate"),
        id,
        epoch: small,
        generation: small,
        secretHash: odd,
        previousSecretHash: undefinable(odd),
        at: time,
        privilege: fc.record({ login: undefinable(login) }),
        client,
        lifetime,
        seen,
        ...dataChange,
      },
      {
        requiredKeys: [
          "kind",
          "id",
          "epoch",
          "generation",
          "secretHash",
          "previousSecretHash",
          "at",
          "set",
          "unset",
        ],
      },
    ),
  },
  {
    weight: 2,
    arbitrary: fc.record(
      { kind: fc.constant("touch"), id, seen, confirm: small },
      { requiredKeys: ["kind", "id", "seen"] },
    ),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("revoke"), id }) },
) as fc.Arbitrary<Change>

/** Cloned, because fast-check also makes objects without a prototype, and a store gives back ordinary ones. */
const steps = fc
  .array(
    fc.record({
      ...{ wait: fc.nat(2), changes: fc.array(change, { maxLength: 6 }) },
      revoked: fc.option(externalId, { freq: 4 }),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .map(sequence => structuredClone(sequence))

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
  const name = change.kind === "create" ? change.record.id : change.id
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
  const ids = ["id-one", "id-two", "\ud800", "\ufffd", '"quoted"']
  const expected = ids.map(each => {
    const stored = model.get(each)
    return stored && now < stored.expiresAt ? { ...stored, data: liveData(stored.data, now) } : undefined
  })
  assert.deepEqual(await store.find(ids), expected)
  assert.deepEqual(
    ids.map(each => store.findNow(each)),
    expected,
  )
  const live = expected.filter(each => each !== undefined)
  assert.equal(await store.countLive(), live.length)
  const online = new Set(live.filter(each => each.lastSeenAt >= 4).flatMap(each => each.login?.userId ?? []))
  assert.equal(await store.countUsersSeen(4), online.size)
}
