import type { SessionData, SessionRecord } from "../../contract/record.ts"
import { create, patch, rotatePrivilege } from "../changes.ts"
import { type CaseDefinition, storeCase } from "../contract-case.ts"
import { dataOf } from "../record-builder.ts"
import { applied } from "../trial.ts"

export const immutabilityCases: readonly CaseDefinition[] = [
  storeCase("changing the data that find answered does not change the store", async t => {
    const record = await t.given({ data: dataOf(["a", "1"]) })
    spoilData((await t.live(record.id)).data)
    await t.expectStored({ ...record, data: dataOf(["a", "1"]) })
  }),

  storeCase("changing the parts of the record that find answered does not change the store", async t => {
    const fields = () => ({
      previous: { secretHash: "p".repeat(43), confirmedAt: t.now },
      login: t.records.login("u1"),
      client: { label: "phone" },
      data: dataOf(["a", "1"]),
    })
    const record = await t.given(fields())
    spoilRecord(await t.live(record.id))
    await t.expectStored({ ...record, ...fields() })
  }),

  storeCase("changing the data of a created record afterwards does not change the store", async t => {
    const record = await t.given({ data: dataOf(["a", "1"]) })
    spoilData(record.data)
    await t.expectStored({ ...record, data: dataOf(["a", "1"]) })
  }),

  storeCase("changing the data of a patch or rotation afterwards does not change the store", async t => {
    const [a, b] = [await t.given(), await t.given()]
    const [setA, setB, unset] = [dataOf(["a", "1"]), dataOf(["b", "2"]), ["x"]]
    const secretHash = t.records.hash()
    const privilege = { login: t.records.login("u1") }
    const login = rotatePrivilege(b, { secretHash, at: t.now, privilege, set: setB, unset })
    await t.expectOutcomes([patch(a, { set: setA, unset }), login], [applied(2), applied(2)])
    spoilData(setA)
    spoilData(setB)
    unset.push("a", "b")
    const rotated = { version: 2, generation: 1, epoch: 1, secretHash, ...privilege }
    await t.expectStored(
      { ...a, version: 2, data: dataOf(["a", "1"]) },
      { ...b, ...rotated, data: dataOf(["b", "2"]) },
    )
  }),

  storeCase("a record found earlier does not change under its reader's hands", async t => {
    const record = await t.given({ data: dataOf(["a", "1"]) })
    const before = await t.live(record.id)
    const asItWas = structuredClone(before)
    await t.expectOutcome(patch(record, { set: dataOf(["a", "2"], ["b", "3"]) }), applied(2))
    t.expectSame([before], [asItWas])
  }),

  storeCase("apply does not change the changes it is given", async t => {
    const record = t.records.record({ data: dataOf(["a", "1"]) })
    const change = patch(record, { set: dataOf(["b", "2"]), unset: ["a"] })
    const given = structuredClone({ record, change })
    await t.expectOutcomes([create(record), change], [applied(1), applied(2)])
    t.expectSame([record], [given.record])
    t.expectSame([{ ...record, data: change.set }], [{ ...record, data: given.change.set }])
  }),
]

/** Tries to change data that is read-only by type alone; a store is free to refuse with an error. */
function spoilData(data: SessionData): void {
  attempt(() => Map.prototype.set.call(data, "spoilt", { text: "x" }))
  attempt(() => Map.prototype.set.call(data, "a", { text: "x" }))
  attempt(() => Map.prototype.delete.call(data, "b"))
}

function spoilRecord(record: SessionRecord): void {
  attempt(() => Object.assign(record, { epoch: 99, expiresAt: 0, login: undefined }))
  for (const part of [record.previous, record.login, record.client, record.data.get("a")]) {
    attempt(() => Object.assign(part ?? {}, { secretHash: "x", userId: "x", label: "x", text: "x" }))
  }
  attempt(() => Object.assign(record.login?.methods[0] ?? {}, { name: "x", at: 0 }))
  attempt(() => Array.prototype.push.call(record.login?.methods, { name: "x", at: 0 }))
}

function attempt(change: () => unknown): void {
  try {
    change()
  } catch {
    // Refusing is as good as ignoring.
  }
}
