import assert from "node:assert/strict"
import { create } from "../changes.ts"
import { type CaseDefinition, storeCase } from "../contract-case.ts"
import { dataOf, HOUR, IDLE, MINUTE } from "../record-builder.ts"
import { applied, EXISTS } from "../trial.ts"
import { loginRoundTrips, type RoundTrip } from "./login-round-trips.ts"
import { ODD_KEYS, ODD_TEXTS } from "./odd-texts.ts"

/** Each is written and read back; whatever a record can say must come back unchanged. */
const roundTrips: readonly RoundTrip[] = [
  ["an anonymous session without data", () => ({})],
  ...loginRoundTrips,
  ["an unconfirmed previous secret", r => ({ previous: { secretHash: r.hash(), confirmedAt: undefined } })],
  [
    "a confirmed previous secret",
    (r, now) => ({ previous: { secretHash: r.hash(), confirmedAt: now - MINUTE } }),
  ],
  ["epoch, version and generation", () => ({ epoch: 70_001, version: 80_002, generation: 90_003 })],
  [
    "times that all differ",
    (_, now) => ({
      createdAt: now - 5 * HOUR,
      rotatedAt: now - 3 * HOUR,
      lastSeenAt: now - 2 * MINUTE,
      idleTimeout: 17 * MINUTE + 1,
      expiresAt: now + 15 * MINUTE + 1,
      absoluteExpiresAt: now + 7 * HOUR + 3,
    }),
  ],
  ["that the cookie is persistent", () => ({ persistent: true })],
  [
    "client facts",
    () => ({ client: { address: "2001:db8::1", userAgent: 'Mozilla/5.0 ("x")', label: "日本語 🦊 ’" } }),
  ],
  ["some client facts and not others", () => ({ client: { userAgent: "" } })],
  [
    "data under odd keys",
    () => ({ data: dataOf(...ODD_KEYS.map((key, index) => [key, `${index}`] as const)) }),
  ],
  ["odd texts", () => ({ data: dataOf(...ODD_TEXTS.map((text, index) => [`k${index}`, text] as const)) })],
  ["a text of 64 KiB", () => ({ data: dataOf(["big", "0123456789abcdé".repeat(5000).slice(0, 65_536)]) })],
  [
    "the ends of single keys",
    (_, now) => ({
      data: dataOf(
        ["a", { text: "1", expiresAt: now + 1 }],
        ["b", { text: "2" }],
        ["c", { text: "", expiresAt: now + HOUR }],
      ),
    }),
  ],
  [
    "500 keys",
    () => ({
      data: dataOf(...Array.from({ length: 500 }, (_, index) => [`key ${index}`, `${index}`] as const)),
    }),
  ],
]

const roundTripCases = roundTrips.map(([what, fields]) =>
  storeCase(`create keeps ${what}`, async t => {
    const other = await t.given({ data: dataOf(["a", "other"]) })
    const record = await t.given(fields(t.records, t.now))
    await t.expectStored(record, other)
  }),
)

export const createCases: readonly CaseDefinition[] = [
  storeCase("create answers applied with the record's version", async t => {
    const record = t.records.record({ version: 7 })
    await t.expectOutcome(create(record), applied(7))
    await t.expectStored(record)
  }),

  ...roundTripCases,

  storeCase("create answers exists for a live record's id and changes nothing", async t => {
    const record = await t.given({ login: t.records.login("u1"), data: dataOf(["a", "1"]) })
    await t.expectOutcome(create(t.records.record({ id: record.id, version: 9 })), EXISTS)
    await t.expectStored(record)
    t.clock.advance(IDLE - 1)
    await t.expectOutcome(create(t.records.record({ id: record.id })), EXISTS)
    await t.expectStored(record)
  }),

  storeCase("create replaces an expired record and keeps nothing of it", async t => {
    const { id } = await t.given({
      previous: { secretHash: t.records.hash(), confirmedAt: t.now },
      login: t.records.login("u1"),
      client: { label: "old" },
      data: dataOf(["a", "1"], ["b", "2"]),
    })
    t.clock.advance(IDLE)
    const second = await t.given({ id, data: dataOf(["b", "3"]) })
    await t.expectStored(second)
  }),

  storeCase("of concurrent creates of one id exactly one is applied", async t => {
    const id = t.records.id()
    const records = t.records.records(10).map((record, index) => ({ ...record, id, version: index + 1 }))
    const outcomes = await Promise.all(records.map(record => t.apply(create(record))))
    const winners = records.filter((_, index) => outcomes[index]?.kind === "applied")
    assert.equal(winners.length, 1, "how many creates were applied")
    assert.equal(outcomes.filter(outcome => outcome.kind === "exists").length, 9)
    await t.expectStored(...winners)
  }),
]
