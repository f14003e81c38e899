import type { Outcome } from "../../contract/change.ts"
import { SessionError } from "../../contract/errors.ts"
import type { HitOutcome } from "../../contract/hit.ts"
import type { SessionRecord } from "../../contract/record.ts"
import type { Reply } from "./client.ts"
import { unreadableRecord } from "./errors.ts"
import { decodeRecord } from "./fields.ts"
import { decodeText } from "./layout.ts"

/** A hash as the live record that it makes: its fields and values in turn, or all of them as one text of lines. */
export function readRecord(id: string, reply: Reply, now: number): SessionRecord | undefined {
  const fields = typeof reply === "string" ? reply.split("\n") : readTexts(reply)
  if (fields.length < 2) return undefined
  try {
    const record = decodeRecord(id, fields, now)
    return now < record.expiresAt ? record : undefined
  } catch (error) {
    throw unreadableRecord(id, error)
  }
}

export const readIds = (reply: Reply): string[] => readTexts(reply).map(decodeText)

export const readTexts = (reply: Reply): string[] => readReplies(reply).map(String)

export function readReplies(reply: Reply): readonly Reply[] {
  if (typeof reply !== "object" || reply === null) throw unexpected(reply)
  return reply
}

/** What a script says became of a change. */
export function readOutcome(reply: Reply = null): Outcome {
  if (typeof reply === "number") return { kind: "applied", version: reply }
  if (reply === "gone" || reply === "conflict" || reply === "exists") return { kind: reply }
  throw unexpected(reply)
}

/** `<1 or 0> <windowStart> <current> <previous>` */
export function readHit(reply: string): HitOutcome {
  const [allowed, windowStart, current, previous] = reply.split(" ").map(Number)
  if (windowStart === undefined || current === undefined || previous === undefined) throw unexpected(reply)
  return { windowStart, current, previous, allowed: allowed === 1 }
}

const unexpected = (reply: Reply): SessionError =>
  new SessionError(
    "ERR_SESSION_STORE_UNAVAILABLE",
    `The Redis server gave a reply that the store does not understand (${JSON.stringify(reply)?.slice(0, 80)}). Is something between the two that answers for it?`,
  )
