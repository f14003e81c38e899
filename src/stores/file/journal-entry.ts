import type { Change } from "../../contract/change.ts"
import { readList, readObject, readText, ShapeError } from "../json-shape.ts"
import { changeFromJson, changeToJson, type KeepingChange } from "./change-json.ts"

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

/** The entry that makes a change last. */
export const entryOf = (change: Change): Entry =>
  change.kind === "revoke" ? { kind: "remove", ids: [change.id] } : change

export const entryToJson = (entry: Entry): Readonly<Record<string, unknown>> =>
  entry.kind === "remove" || entry.kind === "clear" ? { ...entry } : changeToJson(entry)

/** @throws ShapeError when the value is not what {@link entryToJson} makes. */
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
