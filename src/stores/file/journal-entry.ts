import { readList, readObject, readText, ShapeError } from "../json-shape.ts"
import { changeFromJson, type KeepingChange } from "./change-json.ts"

/** What one line of the journal says: a change that was applied, or what was removed. */
export type Entry = KeepingChange | Remove | Clear

/** Records removed in one step: revoked or swept. */
export interface Remove {
  readonly kind: "remove"
  readonly ids: readonly string[]
}

/** Every record removed. */
export interface Clear {
  readonly kind: "clear"
}

export type EntryJson = Readonly<Record<string, unknown>>

/** An entry and the JSON value that stands for it in the file. */
export interface WrittenEntry {
  readonly entry: Entry
  readonly json: EntryJson
}

/** A removal writes as it is. */
export const writtenRemoval = (entry: Remove | Clear): WrittenEntry => ({ entry, json: { ...entry } })

/** @throws ShapeError when the value is not the JSON value of an entry. */
export function entryFromJson(value: unknown): Entry {
  if (typeof value !== "object" || value === null || !("kind" in value)) throw new ShapeError("no entry")
  if (value.kind === "remove") return removeFromJson(value)
  if (value.kind !== "clear") return changeFromJson(value)
  readObject(value, ["kind"])
  return { kind: "clear" }
}

const removeFromJson = (value: object): Remove => ({
  kind: "remove",
  ids: readList(readObject(value, ["kind", "ids"]).ids, readText),
})
