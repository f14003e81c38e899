import type { Notice } from "../../contract/feed.ts"
import { decodeText, encodeText } from "./layout.ts"

/** What a feed sends to itself through a channel, to know that the channel lives and how far it has come. */
export interface Heartbeat {
  readonly kind: "heartbeat"
  readonly feedId: string
  readonly seq: number
}

/** One line of a message. What this version does not know is `unknown`: something has changed, but not what. */
export type FeedMessage = Notice | Heartbeat | { readonly kind: "unknown"; readonly text: string }

/** A notice as it travels. The store's scripts write the same text, in Lua: an id is written as in the keys' names. */
export function writeNotice(notice: Notice): string {
  switch (notice.kind) {
    case "changed":
      return `c ${encodeText(notice.id)} ${notice.version}`
    case "revoked":
      return `r ${encodeText(notice.id)}`
    case "userRevoked":
      return `u ${JSON.stringify({ userId: notice.userId, except: notice.except })}`
    case "allRevoked":
      return "a"
  }
}

export const writeHeartbeat = (feedId: string, seq: number): string => `h ${feedId} ${seq}`

/** Reads one line of a message; a message has one or more. Never throws, whatever the text is. */
export const readMessage = (line: string): FeedMessage => readKnown(line) ?? { kind: "unknown", text: line }

function readKnown(text: string): FeedMessage | undefined {
  if (text === "a") return { kind: "allRevoked" }
  if (text[1] !== " ") return undefined
  const rest = text.slice(2)
  switch (text[0]) {
    case "r":
      return revoked(readId(rest))
    case "c":
      return numbered(rest, (id, version) => changed(readId(id), version))
    case "h":
      return numbered(rest, (feedId, seq) => ({ kind: "heartbeat", feedId, seq }))
    case "u":
      return readUser(rest)
    default:
      return undefined
  }
}

const revoked = (id: string | undefined): Notice | undefined =>
  id === undefined ? undefined : { kind: "revoked", id }

const changed = (id: string | undefined, version: number): Notice | undefined =>
  id === undefined ? undefined : { kind: "changed", id, version }

function readId(text: string): string | undefined {
  try {
    return text === "" ? undefined : decodeText(text)
  } catch {
    return undefined
  }
}

/** `<name> <whole number>`; the name may be any text. */
function numbered(
  rest: string,
  message: (name: string, number: number) => FeedMessage | undefined,
): FeedMessage | undefined {
  const space = rest.lastIndexOf(" ")
  const digits = rest.slice(space + 1)
  if (space < 1 || !/^\d{1,16}$/.test(digits)) return undefined
  const number = Number(digits)
  return Number.isSafeInteger(number) ? message(rest.slice(0, space), number) : undefined
}

function readUser(json: string): Notice | undefined {
  const fields = parsed(json)
  if (typeof fields !== "object" || fields === null || !("userId" in fields)) return undefined
  const { userId } = fields
  const except = "except" in fields ? fields.except : undefined
  if (typeof userId !== "string") return undefined
  if (except === undefined) return { kind: "userRevoked", userId }
  return typeof except === "string" ? { kind: "userRevoked", userId, except } : undefined
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}
