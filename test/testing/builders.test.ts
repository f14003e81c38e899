import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { changes, dataOf, ManualClock, RecordBuilder, SeededRandom } from "../../src/testing/index.ts"

describe("the builders", () => {
  it("make ids of 22 and hashes of 43 characters that are canonical base64url", () => {
    const builder = new RecordBuilder(new ManualClock())
    for (let round = 0; round < 100; round++) {
      const [id, hash] = [builder.id(), builder.hash()]
      assert.match(id, /^[\w-]{22}$/)
      assert.match(hash, /^[\w-]{43}$/)
      assert.deepEqual(
        [id, hash].map(text => Buffer.from(text, "base64url").toString("base64url")),
        [id, hash],
      )
    }
  })

  it("make the same records for the same seed and others for another", () => {
    const records = (seed: number) => new RecordBuilder(new ManualClock(0), seed).records(20)
    assert.deepEqual(records(7), records(7))
    const ids = [...records(7), ...records(8)].map(({ id }) => id)
    assert.equal(new Set(ids).size, 40)
  })

  it("make live records by the clock, and take every field", () => {
    const clock = new ManualClock(1000)
    clock.advance(500)
    const record = new RecordBuilder(clock).record({ persistent: true, data: dataOf(["__proto__", "1"]) })
    assert.equal(record.createdAt, 1500)
    assert.ok(clock.now() < record.expiresAt && record.expiresAt <= record.absoluteExpiresAt)
    assert.deepEqual([record.persistent, record.data.get("__proto__")], [true, { text: "1" }])
  })

  it("make changes that address the record with its epoch, generation and secret", () => {
    const record = new RecordBuilder(new ManualClock()).record({ epoch: 3, generation: 4 })
    const { id, secretHash } = record
    const seen = { at: 1, expiresAt: 2 }
    const empty = { set: new Map(), unset: [] }
    const rotation = { kind: "rotate", id, epoch: 3, generation: 4, secretHash: "new", at: 5, ...empty }
    const login = { login: undefined }
    assert.deepEqual(changes.create(record), { kind: "create", record })
    assert.deepEqual(changes.patch(record, { ifVersion: 1 }), {
      kind: "patch",
      id,
      epoch: 3,
      ifVersion: 1,
      ...empty,
    })
    assert.deepEqual(changes.touch(record, seen), { kind: "touch", id, seen })
    assert.deepEqual(changes.touch(record, seen, 0), { kind: "touch", id, seen, confirm: 0 })
    assert.deepEqual(changes.revoke(record), { kind: "revoke", id })
    const periodic = changes.rotate(record, { secretHash: "new", at: 5 })
    assert.deepEqual(periodic, { ...rotation, previousSecretHash: secretHash })
    const privilege = changes.rotatePrivilege(record, { secretHash: "new", at: 5, privilege: login })
    assert.deepEqual(privilege, { ...rotation, previousSecretHash: undefined, privilege: login })
  })

  it("draw the same numbers for the same seed, within their bound", () => {
    const draw = () => {
      const random = new SeededRandom(42)
      return Array.from({ length: 1000 }, () => random.below(10))
    }
    assert.deepEqual(draw(), draw())
    assert.deepEqual([...new Set(draw())].sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    const random = new SeededRandom(42)
    const picked = Array.from({ length: 100 }, () => random.pick("a", "b", "c"))
    assert.deepEqual([...new Set(picked)].sort(), ["a", "b", "c"])
  })
})
