import type { SessionRecord } from "../../contract/record.ts"

/** Freezes what the record consists of, so that readers can be given it; the data's map cannot be frozen. */
export function freezeParts(record: SessionRecord): SessionRecord {
  const { previous, login, client, data } = record
  Object.freeze(previous)
  Object.freeze(login)
  Object.freeze(login?.methods)
  for (const method of login?.methods ?? []) Object.freeze(method)
  Object.freeze(client)
  for (const value of data.values()) Object.freeze(value)
  return record
}

/** The record for a reader: whatever is done to it, the store's own stays as it is. */
export const forReader = (record: SessionRecord): SessionRecord => ({ ...record, data: new Map(record.data) })
