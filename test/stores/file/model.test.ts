import assert from "node:assert/strict"
import { rm } from "node:fs/promises"
import { join } from "node:path"
import { test } from "node:test"
import fc from "fast-check"
import { applyChange } from "../../../src/contract/apply-change.ts"
import type { Change } from "../../../src/contract/change.ts"
import type { SessionRecord } from "../../../src/contract/record.ts"
import { createFileStore, type FileStore } from "../../../src/stores/file/index.ts"
import { changes, dataOf, ManualClock, RecordBuilder } from "../../../src/testing/index.ts"
import { temporaryDirectory } from "./temporary-directory.ts"

const path = join(await temporaryDirectory(), "sessions.txt")
const IDS = ["a", "b", "c", "__proto__"]

interface Draw {
  readonly kind: Change["kind"]
  readonly id: string
  readonly key: string
  readonly text: string
  readonly within: number
  readonly odd: boolean
}

/** Calls made at the same moment, each with its changes; or something else that happens to a store. */
type Step =
  | { readonly calls: readonly (readonly Draw[])[] }
  | "wait"
  | "reopen"
  | "sweep"
  | "revokeUser"
  | "revokeExternal"
  | "revokeAll"

const draw: fc.Arbitrary<Draw> = fc.record({
  kind: fc.constantFrom("create", "create", "patch", "patch", "rotate", "touch", "revoke"),
  id: fc.constantFrom(...IDS),
  key: fc.constantFrom("k", "10", "9", "__proto__", "ключ\n\ud800"),
  text: fc.string({ unit: "binary", maxLength: 8 }),
  within: fc.integer({ min: 1, max: 50 }),
  odd: fc.boolean(),
})
const calls = fc.array(fc.array(draw, { maxLength: 3 }), { minLength: 1, maxLength: 4 })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ calls }) },
  {
    weight: 3,
    arbitrary: fc.constantFrom<Step>(
      ...(["wait", "wait", "reopen", "reopen", "reopen", "sweep", "revokeUser", "revokeExternal"] as const),
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom<Step>("revokeAll") },
)

/** The store beside its model: a map to which `applyChange` does all. */
class Comparison {
  readonly #clock = new ManualClock()
  readonly #records = new RecordBuilder(this.#clock)
  readonly #model = new Map<string, SessionRecord>()
  readonly #compactAfter: number
  #store: FileStore | undefined

  constructor(compactAfter: number) {
    this.#compactAfter = compactAfter
  }

  async take(step: Step): Promise<void> {
    const store = this.#store ?? (await this.#reopen())
    if (step === "reopen") await this.#reopen()
    else if (step === "wait") this.#clock.advance(15)
    else if (step === "sweep") await this.#sweep(store)
    else if (step === "revokeUser") await this.#revokeUser(store)
    else if (step === "revokeExternal") await this.#revokeExternal(store)
    else if (step === "revokeAll") await this.#revokeAll(store)
    else await this.#apply(store, step.calls)
    await this.#compare()
  }

  async close(): Promise<void> {
    await this.#store?.close()
  }

  async #reopen(): Promise<FileStore> {
    await this.#store?.close()
    this.#store = await createFileStore(
      { path, compactAfter: this.#compactAfter, compactFactor: 0 },
      this.#clock,
    )
    return this.#store
  }

  async #apply(store: FileStore, drawn: readonly (readonly Draw[])[]): Promise<void> {
    const calls: Change[][] = []
    const expected = drawn.map(draws => {
      const call: Change[] = []
      calls.push(call)
      return draws.map(each => {
        const change = this.#change(each)
        call.push(change)
        return this.#applyToModel(each.id, change)
      })
    })
    assert.deepEqual(await Promise.all(calls.map(call => store.apply(call))), expected)
  }

  #applyToModel(id: string, change: Change): object {
    const { outcome, record } = applyChange(this.#model.get(id), change, this.#clock.now())
    if (record) this.#model.set(id, record)
    else this.#model.delete(id)
    return outcome
  }

  async #sweep(store: FileStore): Promise<void> {
    await store.sweep(this.#clock.now(), 100)
    assert.deepEqual(await store.sweep(this.#clock.now(), 100), [])
  }

  async #revokeUser(store: FileStore): Promise<void> {
    await this.#revoke(({ login }) => login?.userId === "ada", store.revokeByUser("ada"))
  }

  async #revokeExternal(store: FileStore): Promise<void> {
    await this.#revoke(
      ({ login }) => login?.externalId === "__proto__",
      store.revokeByExternalId("__proto__"),
    )
  }

  async #revoke(ends: (record: SessionRecord) => boolean, call: Promise<readonly string[]>): Promise<void> {
    const ids = this.#live()
      .filter(ends)
      .map(({ id }) => id)
    assert.deepEqual([...(await call)].sort(), ids.sort())
    for (const id of ids) this.#model.delete(id)
  }

  async #revokeAll(store: FileStore): Promise<void> {
    assert.equal(await store.revokeAll(), this.#live().length)
    this.#model.clear()
  }

  async #compare(): Promise<void> {
    const store = this.#store ?? assert.fail("not open")
    const live = this.#live()
    assert.deepEqual(
      await store.find(IDS),
      IDS.map(id => live.find(record => record.id === id)),
    )
    assert.equal(await store.countLive(), live.length)
    assert.equal(await store.countByUser("ada"), live.filter(record => record.login?.userId === "ada").length)
  }

  #live(): SessionRecord[] {
    return [...this.#model.values()].filter(record => this.#clock.now() < record.expiresAt)
  }

  #change({ kind, id, key, text, within, odd }: Draw): Change {
    const end = this.#clock.now() + within
    const record = this.#model.get(id) ?? this.#records.record({ id, expiresAt: end })
    const seen = { at: this.#clock.now(), expiresAt: end }
    const data = { set: dataOf([key, odd ? { text, expiresAt: end } : text]), unset: odd ? ["k"] : [] }
    const externalId = key.length === 1 ? {} : { externalId: key }
    const login = odd ? this.#records.login("ada", { assurance: text, ...externalId }) : undefined
    switch (kind) {
      case "create":
        return changes.create(this.#records.record({ id, login, expiresAt: end, data: data.set }))
      case "patch":
        return changes.patch(record, { ...data, ...(odd ? { seen } : { client: { label: text } }) })
      case "rotate": {
        const fields = { ...data, secretHash: this.#records.hash(), at: this.#clock.now() }
        return odd
          ? changes.rotatePrivilege(record, { ...fields, privilege: { login } })
          : changes.rotate(record, fields)
      }
      case "touch":
        return changes.touch(record, seen, odd ? record.generation : undefined)
      case "revoke":
        return changes.revoke(record)
    }
  }
}

for (const [how, compactAfter] of [
  ["", 1e9],
  [", compacted all the time", 0],
] as const) {
  test(`whatever is done and however often it is reopened, the store holds what applyChange says${how}`, async () => {
    const property = fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async steps => {
      const comparison = new Comparison(compactAfter)
      try {
        for (const each of steps) await comparison.take(each)
        await comparison.take("reopen")
      } finally {
        await comparison.close()
        await rm(path, { force: true })
      }
    })
    await fc.assert(property, { numRuns: 60 })
  })
}
