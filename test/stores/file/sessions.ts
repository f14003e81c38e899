import type { SessionStore } from "../../../src/contract/store.ts"
import { changes, dataOf, ManualClock, RecordBuilder } from "../../../src/testing/index.ts"

/** A clock and a builder of records by it. */
export function surroundings(): { clock: ManualClock; records: RecordBuilder } {
  const clock = new ManualClock()
  return { clock, records: new RecordBuilder(clock) }
}

/** Sets one key of the session. */
export const setKey = (record: { id: string; epoch: number }, key: string, text: string) =>
  changes.patch(record, { set: dataOf([key, text]) })

/** The text under a key of a session; `undefined` when either is missing. */
export async function textOf(store: SessionStore, id: string, key: string): Promise<string | undefined> {
  const [record] = await store.find([id])
  return record?.data.get(key)?.text
}
