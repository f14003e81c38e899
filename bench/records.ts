import { randomBytes } from "node:crypto"
import type { SessionRecord } from "../src/contract/record.ts"

const HOUR = 3_600_000

/** The record of a new session, anonymous and empty but for what is given. */
export function recordOf(given: Partial<Pick<SessionRecord, "id" | "login" | "data">>): SessionRecord {
  const now = Date.now()
  return {
    id: randomBytes(16).toString("base64url"),
    secretHash: randomBytes(32).toString("base64url"),
    previous: undefined,
    epoch: 1,
    version: 1,
    generation: 1,
    createdAt: now,
    rotatedAt: now,
    lastSeenAt: now,
    idleTimeout: HOUR,
    absoluteExpiresAt: now + 24 * HOUR,
    expiresAt: now + HOUR,
    persistent: false,
    login: undefined,
    client: {},
    data: new Map(),
    ...given,
  }
}
