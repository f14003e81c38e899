import { randomBytes } from "node:crypto"
import type { SessionRecord } from "../../../src/contract/record.ts"
import { RecordBuilder } from "../../../src/testing/index.ts"

/** A prefix that no other test has. */
export const newPrefix = (): string => `t${randomBytes(8).toString("hex")}:`

const builder = new RecordBuilder({ now: Date.now }, randomBytes(4).readUInt32LE())

/** A session by the machine's clock. */
export const aSession = (fields: Partial<SessionRecord> = {}): SessionRecord => builder.record(fields)

export const aLogin: RecordBuilder["login"] = (userId, fields) => builder.login(userId, fields)

/** The outcome of a change that the store has made. */
export const applied = (version: number) => ({ kind: "applied", version })
