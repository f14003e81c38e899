import assert from "node:assert/strict"
import { createHash } from "node:crypto"
import { describe, it, type TestContext } from "node:test"
import type { SessionRecord } from "../../src/contract/index.ts"
import { SessionManager } from "../../src/core/manager.ts"
import { decryptValue, readWith, unwrap, valuesOf } from "../core/encryption/attacker.ts"
import { formsOf } from "../core/encryption/encodings.ts"
import { makePlace, removePlace } from "./store-kind.ts"
import { stores } from "./stores.ts"
import { secretOf, tokenOf } from "./trial.ts"

/** A store, and all that somebody gets who copies it. */
interface Copied {
  readonly store: ConstructorParameters<typeof SessionManager>[0]
  /** Every byte, one byte a character. */
  dump(): Promise<string>
}

interface CopiedStore {
  readonly name: string
  open(t: TestContext): Promise<Copied>
}

/** What each store has written, or, of one that writes nothing, what it hands out. */
const copied: readonly CopiedStore[] = stores.map(kind => ({
  name: kind.name,
  async open(t) {
    const place = await makePlace()
    const store = await kind.open(Date.now, place)
    t.after(() => removePlace(place, kind))
    const records = () => store.findByUser("anna").then(all => JSON.stringify(all.map(plain)))
    return { store, dump: () => kind.dump?.(place) ?? records() }
  },
}))

const plain = (record: SessionRecord): object => ({ ...record, data: [...record.data] })

const NOTE = 'Anna Ünsal has "diabetes", type 2 \u{1f489}'
const NUMBER = "8675309401253"
const MESSAGE = "Your HIV test is negative, take care"
const REPLACED = "her address was Rue de l'Église 17"
const CURRENT = [NOTE, NUMBER, MESSAGE]

/** A session's whole life so far; its token now. */
async function live(manager: SessionManager): Promise<string> {
  const session = await manager.open(undefined)
  await session.set("note", NOTE).set("address", REPLACED).save()
  await session.set("address", "none").login("anna", { label: "laptop" })
  const again = await manager.open(tokenOf(session))
  again.flash(MESSAGE)
  await again.set("numbers", { phone: [Number(NUMBER)] }, { expiresIn: "10m" }).save()
  await again.update("visits", () => NUMBER)
  await again.rotate()
  return tokenOf(again)
}

const foundIn = (dump: string): string[] =>
  [...CURRENT, REPLACED].filter(value => formsOf(value).some(form => dump.includes(form)))

/** All that a dump has to offer as a secret or as a key: whatever looks like one, decoded, and hashed. */
function candidatesIn(dump: string): Buffer[] {
  const words = new Set(dump.match(/[A-Za-z0-9_-]{16,}/g))
  return [...words].flatMap(word => {
    const bytes = [Buffer.from(word, "base64url"), Buffer.from(word)]
    const hashed = bytes.map(each => createHash("sha256").update(each).digest())
    const cut = bytes.flatMap(each => [each.subarray(0, 32), each.subarray(12, 44), each.subarray(-32)])
    return [...bytes, ...hashed, ...cut]
  })
}

function readWithAny(record: SessionRecord, candidates: readonly Buffer[]): string[] {
  const keys = candidates.flatMap(each => [each, ...unwrap(record, each).values()])
  return valuesOf(record).flatMap(([name]) => decryptValue(record, name, keys) ?? [])
}

for (const { name, open } of copied) {
  describe(`a copy of the store reveals no value, on ${name}`, () => {
    it("G9: with encryptAtRest no value is in the dump in any encoding; without it the same search finds them all", async t => {
      for (const encryptAtRest of [false, true]) {
        const { store, dump } = await open(t)
        const manager = new SessionManager(store, { encryptAtRest })
        t.after(() => manager.close())
        const token = await live(manager)
        const text = await dump()
        assert.ok(text.includes(token.slice(0, 22)), "the dump is that of this store")
        const found = foundIn(text)
        if (encryptAtRest) assert.deepEqual(found, [])
        else for (const value of CURRENT) assert.ok(found.includes(value), value)
      }
    })

    it("G9: nothing in the dump decrypts a value; the client's secret decrypts them all", async t => {
      const { store, dump } = await open(t)
      const manager = new SessionManager(store, { encryptAtRest: true })
      t.after(() => manager.close())
      const token = await live(manager)
      const [record] = await store.find([token.slice(0, 22)])
      assert.ok(record)
      const candidates = candidatesIn(await dump())
      assert.ok(candidates.length > 50)
      assert.deepEqual(readWithAny(record, candidates), [])
      const secret = Buffer.from(secretOf(token), "base64url")
      assert.equal(readWithAny(record, [...candidates, secret]).length, valuesOf(record).length)
      assert.equal(readWith(token, record).get("note"), JSON.stringify(NOTE))
    })

    it("G9: with the option on, no byte of a secret or of a data key is in the dump", async t => {
      const { store, dump } = await open(t)
      const drawn: Buffer[] = []
      const manager = new SessionManager(store, {
        encryptAtRest: true,
        fillRandom: bytes => {
          crypto.getRandomValues(bytes)
          drawn.push(Buffer.from(bytes))
        },
      })
      t.after(() => manager.close())
      const token = await live(manager)
      const [record] = await store.find([token.slice(0, 22)])
      assert.ok(record)
      const secret = Buffer.from(secretOf(token), "base64url")
      const keys = [...unwrap(record, secret).values()]
      assert.ok(keys.length > 1)
      const text = await dump()
      for (const key of [secret, ...keys]) {
        assert.ok(Buffer.concat(drawn).includes(key), "it comes from the source of chance")
        for (const form of formsOf(key.toString("latin1"))) assert.equal(text.includes(form), false)
        assert.equal(text.includes(key.toString("base64url")), false)
      }
    })
  })
}
