import fc from "fast-check"
import type { Change } from "../../src/contract/change.ts"
import type { SessionData, SessionRecord } from "../../src/contract/record.ts"

/** Few ids, keys and times, so that changes meet. */
export const IDS: readonly string[] = ["id-one", "id-two", "\ud800", "\ufffd", "a\0b", '\u0001"marked"']
const id = fc.constantFrom(...IDS)
const key = fc.constantFrom("__proto__", "a", "10", "2", "\ud800", "", "x\0y", "\u0001")
/** With fractions, as some clocks have them. */
const time = fc.nat(48).map(quarters => quarters / 4)
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
export const steps = fc
  .array(
    fc.record({
      ...{ wait: fc.nat(2), changes: fc.array(change, { maxLength: 6 }) },
      revoked: fc.option(externalId, { freq: 4 }),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .map(sequence => structuredClone(sequence))
