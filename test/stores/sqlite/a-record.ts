import { randomInt } from "node:crypto"
import type { Change } from "../../../src/contract/change.ts"
import type { SessionRecord } from "../../../src/contract/record.ts"
import { changes, dataOf, RecordBuilder } from "../../../src/testing/index.ts"

const builder = new RecordBuilder({ now: Date.now }, randomInt(2 ** 32))

export const aRecord = (fields: Partial<SessionRecord> = {}): SessionRecord => builder.record(fields)

/** Sets one key of a session whose epoch is 0. */
export const setting = (id: string, key: string, text: string): Change =>
  changes.patch({ id, epoch: 0 }, { set: dataOf([key, text]) })
