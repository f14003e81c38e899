import assert from "node:assert/strict"
import { patch, rotate, rotatePrivilege, touch } from "../changes.ts"
import { type CaseDefinition, storeCase } from "../contract-case.ts"
import { dataOf, IDLE } from "../record-builder.ts"
import type { Trial } from "../trial.ts"

const KEYS = Array.from({ length: 200 }, (_, index) => `key ${index}`)
const ALL_KEYS = dataOf(...KEYS.map(key => [key, key] as const))

export const concurrencyCases: readonly CaseDefinition[] = [
  storeCase("G1: 200 concurrent calls that set different keys of one session all survive", async t => {
    const record = await t.given({ data: dataOf(["first", "0"]) })
    const outcomes = await Promise.all(KEYS.map(key => t.apply(patch(record, { set: dataOf([key, key]) }))))
    const versions = outcomes.map(outcome => (outcome.kind === "applied" ? outcome.version : 0))
    assert.deepEqual(
      versions.sort((a, b) => a - b),
      KEYS.map((_, index) => index + 2),
      "each has a version of its own",
    )
    const data = new Map([["first", { text: "0" }], ...ALL_KEYS])
    await t.expectStored({ ...record, version: 201, data })
  }),

  storeCase("G1: 200 changes in one call that set different keys of one session all survive", async t => {
    const record = await t.given()
    await t.store.apply(KEYS.map(key => patch(record, { set: dataOf([key, key]) })))
    await t.expectStored({ ...record, version: 201, data: ALL_KEYS })
  }),

  storeCase("G1: concurrent calls that set, unset and touch all survive", async t => {
    const record = await t.given({ data: ALL_KEYS })
    const calls = KEYS.map((key, index) => {
      if (index % 4 === 0)
        return t.apply(touch(record, { at: t.now + index, expiresAt: t.now + IDLE + index }))
      return t.apply(
        index % 2 ? patch(record, { unset: [key] }) : patch(record, { set: dataOf([key, "new"]) }),
      )
    })
    await Promise.all(calls)
    const kept = KEYS.flatMap((key, index) => (index % 2 ? [] : [[key, index % 4 ? "new" : key] as const]))
    const used = { lastSeenAt: t.now + 196, expiresAt: t.now + IDLE + 196 }
    await t.expectStored({ ...record, ...used, version: 151, data: dataOf(...kept) })
  }),

  storeCase("G1: 100 increments by 10 concurrent writers with ifVersion make exactly 100", async t => {
    const record = await t.given({ data: dataOf(["count", "0"]) })
    const writer = async () => {
      for (let round = 0; round < 10; round++) await increment(t, record.id)
    }
    await Promise.all(Array.from({ length: 10 }, writer))
    await t.expectStored({ ...record, version: 101, data: dataOf(["count", "100"]) })
  }),

  storeCase("of concurrent rotations exactly one is applied", async t => {
    const record = await t.given()
    const hashes = Array.from({ length: 10 }, () => t.records.hash())
    const changes = hashes.map(secretHash => rotate(record, { secretHash, at: t.now }))
    const outcomes = await Promise.all(changes.map(change => t.apply(change)))
    const winners = hashes.filter((_, index) => outcomes[index]?.kind === "applied")
    assert.equal(winners.length, 1, "how many rotations were applied")
    assert.equal(outcomes.filter(outcome => outcome.kind === "conflict").length, 9)
    const { secretHash, generation } = await t.live(record.id)
    assert.deepEqual([secretHash, generation], [winners[0], 1])
  }),

  storeCase(
    "G3: of a login and patches that race it, none is applied under the old epoch after it",
    async t => {
      const record = await t.given()
      const login = { secretHash: t.records.hash(), at: t.now, privilege: { login: t.records.login("u1") } }
      const changes = KEYS.slice(0, 20).map((key, index) =>
        index === 10 ? rotatePrivilege(record, login) : patch(record, { set: dataOf([key, key]) }),
      )
      const outcomes = await Promise.all(changes.map(change => t.apply(change)))
      const rotated = outcomes[10]
      assert.equal(rotated?.kind, "applied", "the login")
      const versions = outcomes.flatMap(outcome => (outcome.kind === "applied" ? [outcome.version] : []))
      const { version, data } = await t.live(record.id)
      assert.equal(Math.max(...versions), rotated.version, "the login is the last change that was applied")
      assert.deepEqual([version, data.size], [rotated.version, rotated.version - 2])
    },
  ),
]

async function increment(t: Trial, id: string): Promise<void> {
  for (let attempt = 0; attempt < 1000; attempt++) {
    const record = await t.live(id)
    const count = Number(record.data.get("count")?.text)
    const outcome = await t.apply(
      patch(record, { ifVersion: record.version, set: dataOf(["count", `${count + 1}`]) }),
    )
    if (outcome.kind === "applied") return
    assert.equal(outcome.kind, "conflict")
  }
  assert.fail("1,000 attempts with the version just read all met a conflict")
}
