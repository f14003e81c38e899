import assert from "node:assert/strict"
import { createHash } from "node:crypto"
import { describe, it } from "node:test"
import { stores } from "./stores.ts"
import { logIn, opens, secretOf, tokenOf, trial } from "./trial.ts"

const sha256 = (text: string): string => createHash("sha256").update(text).digest("base64url")

for (const kind of stores) {
  describe(`a copy of the store opens no session, on ${kind.name}`, () => {
    it("G9: a record holds the SHA-256 of the secrets that were issued, and no secret in any form", async t => {
      const { clock, manager: make, store } = await trial(t, kind)
      const manager = make({ rotateEvery: "1m" })
      const first = await logIn(manager, "anna", { a: 1 })
      clock.advance(60_000)
      const session = await manager.open(first)
      await session.save()
      const second = tokenOf(session)
      const [record] = await store.find([session.id])
      assert.equal(record?.secretHash, sha256(secretOf(second)))
      assert.equal(record.previous?.secretHash, sha256(secretOf(first)))
      assertAbsent(JSON.stringify({ ...record, data: [...record.data] }), [first, second])
    })

    it("G9: nothing that the store holds opens a session when it is presented as the secret", async t => {
      const { manager: make, store } = await trial(t, kind)
      const manager = make()
      const token = await logIn(manager, "anna")
      const [record] = await store.find([token.slice(0, 22)])
      assert.ok(record)
      for (const text of [record.secretHash, record.id.padEnd(43, "A"), sha256(record.secretHash)]) {
        assert.equal(await opens(manager, `${record.id}.${text}`), false)
      }
      assert.equal(await opens(manager, token), true)
    })

    const { dump } = kind
    if (dump) {
      it("G9: no byte of a secret is in a dump of the store", async t => {
        const { manager: make, place } = await trial(t, kind)
        const manager = make()
        const tokens = [await logIn(manager, "anna", { a: 1 })]
        const session = await manager.open(tokens[0])
        await session.rotate()
        tokens.push(tokenOf(session))
        await session.login("bob")
        tokens.push(tokenOf(session))
        const bytes = await dump(place)
        assert.ok(bytes.includes(session.id), "the dump is that of this store")
        assertAbsent(bytes, tokens)
      })
    }
  })
}

describe("a copy of the store opens no session", () => {
  it("G9: 128 bits of id and 256 of secret come from the source of chance, none twice, and the hash alone is kept", async t => {
    const { manager: make, store } = await trial(t)
    const drawn: Buffer[] = []
    const manager = make({
      fillRandom: bytes => {
        crypto.getRandomValues(bytes)
        drawn.push(Buffer.from(bytes))
      },
    })
    const tokens = await Promise.all(["a", "b", "c"].map(user => logIn(manager, user)))
    const source = Buffer.concat(drawn)
    for (const token of tokens) {
      const [id, secret] = [
        Buffer.from(token.slice(0, 22), "base64url"),
        Buffer.from(secretOf(token), "base64url"),
      ]
      assert.deepEqual([id.length, secret.length], [16, 32])
      assert.deepEqual([source.includes(id), source.includes(secret)], [true, true])
      assert.equal(store.findNow(token.slice(0, 22))?.secretHash, sha256(secretOf(token)))
    }
    assert.equal(new Set(tokens.flatMap(token => token.split("."))).size, 6)
  })

  it("G9: no event carries a secret", async t => {
    const { clock, manager: make } = await trial(t)
    const manager = make({ rotateEvery: "1m", rotationGrace: "1s", maxSessionsPerUser: 1 })
    const told: unknown[] = []
    for (const name of ["created", "rotated", "revoked", "evicted", "theft", "refused"] as const) {
      manager.on(name, event => told.push(event))
    }
    const first = await logIn(manager, "anna")
    clock.advance(60_000)
    const session = await manager.open(first)
    await session.save()
    const second = tokenOf(session)
    await manager.open(second)
    await manager.find(session.id)
    clock.advance(1_000)
    await manager.open(first)
    const third = await logIn(manager, "anna")
    const fourth = await logIn(manager, "anna")
    await manager.open(third)
    assert.ok(told.length >= 8)
    assertAbsent(JSON.stringify(told), [first, second, third, fourth])
  })
})

function assertAbsent(text: string, tokens: readonly string[]): void {
  for (const token of tokens) {
    const secret = secretOf(token)
    const bytes = Buffer.from(secret, "base64url")
    for (const form of [secret, bytes.toString("base64"), bytes.toString("hex"), bytes.toString("latin1")]) {
      assert.equal(text.includes(form), false, "the store or an event holds a secret")
    }
  }
}
