import type { SessionRecord } from "../contract/record.ts"

/** Objects, numbers and the two hashes of a record, and its place in the tables. */
const FIXED = 900
const PER_VALUE = 120

/** About how many bytes a record takes in memory; two for each character, as a text may be stored so. */
export function sizeOf({ data, client, login }: SessionRecord): number {
  let characters = lengthOf(client.address) + lengthOf(client.userAgent) + lengthOf(client.label)
  if (login) {
    characters += login.userId.length + lengthOf(login.assurance) + lengthOf(login.externalId)
    for (const { name } of login.methods) characters += name.length + PER_VALUE
  }
  for (const [key, { text }] of data) characters += key.length + text.length
  return FIXED + data.size * PER_VALUE + 2 * characters
}

const lengthOf = (text: string | undefined): number => text?.length ?? 0
