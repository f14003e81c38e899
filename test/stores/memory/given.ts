import type { Create } from "../../../src/contract/change.ts"
import type { SessionErrorCode } from "../../../src/contract/errors.ts"
import type { SessionRecord } from "../../../src/contract/record.ts"
import { createMemoryStore, type MemoryStoreOptions } from "../../../src/stores/memory/index.ts"
import { changes, ManualClock, RecordBuilder } from "../../../src/testing/index.ts"

export const failsWith = (code: SessionErrorCode, message = /./) => ({ name: "SessionError", code, message })

/** A store with its clock, and what fills it. */
export function given(options: MemoryStoreOptions = {}) {
  const clock = new ManualClock()
  const store = createMemoryStore(options, clock)
  const records = new RecordBuilder(clock)
  const creates = (count: number, fields: Partial<SessionRecord> = {}): Create[] =>
    records.records(count, fields).map(changes.create)
  /** Fills in calls of a thousand, each session with a user of its own. */
  const fill = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n += 1000) {
      const batch = Array.from({ length: Math.min(1000, count - n) }, (_, k) =>
        changes.create(records.record({ login: records.login(`user-${n + k}`) })),
      )
      await store.apply(batch)
    }
  }
  return { clock, store, records, creates, fill }
}
