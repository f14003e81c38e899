import { createHash } from "node:crypto"
import type { Notice } from "../../contract/feed.ts"

/** Sent by a feed to itself: that it comes back shows that notices do. */
export interface Heartbeat {
  readonly kind: "heartbeat"
  readonly feed: string
  readonly sequence: number
}

/** Something has happened that the payload does not tell: a newer version wrote it, or it was too long to be told. */
export interface Unknown {
  readonly kind: "unknown"
}

/** PostgreSQL refuses 8000 bytes, and with the NOTIFY its whole transaction. */
const MAX_PAYLOAD = 7999

/** PostgreSQL cuts longer identifiers silently. */
const MAX_CHANNEL = 63

/** The payload's first character. A newer form gets another one, and is unknown to this version. */
const FORM = "1"

const UNKNOWN: Unknown = { kind: "unknown" }
const PLAIN = /^[\w-]+$/

/** The channel of one installation: no other schema or prefix has the same. At most 63 bytes, all of them ASCII. */
export function channelFor(schema: string, prefix: string): string {
  const name = `sojourn:${schema}.${prefix}`
  if (/^sojourn:\w+\.\w+$/.test(name) && name.length <= MAX_CHANNEL) return name
  return `sojourn:#${createHash("sha256")
    .update(JSON.stringify([schema, prefix]))
    .digest("base64url")}`
}

/**
 * The notices, in order, as payloads of less than 8000 bytes. They are ASCII, so that a database of any encoding
 * carries them. A notice that is too long for one payload (a user id of thousands of characters) is told as unknown.
 */
export function payloadsOf(notices: readonly Notice[]): string[] {
  const payloads: string[] = []
  let payload = FORM
  for (const notice of notices) {
    const line = lineOf(notice)
    if (payload.length + 1 + line.length > MAX_PAYLOAD) {
      payloads.push(payload)
      payload = FORM
    }
    payload += `\n${line}`
  }
  if (payload !== FORM) payloads.push(payload)
  return payloads
}

export const heartbeatPayload = (feed: string, sequence: number): string =>
  `${FORM}\n${rawLineOf({ kind: "heartbeat", feed, sequence })}`

/** What {@link payloadsOf} or {@link heartbeatPayload} wrote. Any other text is one unknown; nothing throws. */
export function readPayload(text: string): readonly (Notice | Heartbeat | Unknown)[] {
  const [form, ...lines] = text.split("\n")
  if (form !== FORM || lines.length === 0) return [UNKNOWN]
  const told: (Notice | Heartbeat | Unknown)[] = []
  for (const line of lines) {
    const item = readLine(line)
    if (item.kind === "unknown") return [UNKNOWN]
    told.push(item)
  }
  return told
}

function lineOf(notice: Notice): string {
  const line = rawLineOf(notice)
  return FORM.length + 1 + line.length > MAX_PAYLOAD ? "?" : line
}

function rawLineOf(item: Notice | Heartbeat): string {
  switch (item.kind) {
    case "changed":
      return `c${item.version}\t${encode(item.id)}`
    case "revoked":
      return `r${encode(item.id)}`
    case "userRevoked":
      return `u${encode(item.userId)}${item.except === undefined ? "" : `\t${encode(item.except)}`}`
    case "allRevoked":
      return "a"
    case "heartbeat":
      return `h${item.sequence}\t${encode(item.feed)}`
  }
}

/** One notice has one line only, so whatever would not be written like this was not written by this version. */
function readLine(line: string): Notice | Heartbeat | Unknown {
  const item = parseLine(line[0], line.slice(1).split("\t"))
  return item && rawLineOf(item) === line ? item : UNKNOWN
}

function parseLine(kind: string | undefined, fields: string[]): Notice | Heartbeat | undefined {
  const [first = "", second = ""] = fields
  switch (kind) {
    case "c":
      return { kind: "changed", version: readCount(first), id: decode(second) }
    case "r":
      return { kind: "revoked", id: decode(first) }
    case "u":
      if (fields.length === 1) return { kind: "userRevoked", userId: decode(first) }
      return { kind: "userRevoked", userId: decode(first), except: decode(second) }
    case "a":
      return { kind: "allRevoked" }
    case "h":
      return { kind: "heartbeat", sequence: readCount(first), feed: decode(second) }
    default:
      return undefined
  }
}

/** For what is no count it is 0, which is written otherwise: see {@link readLine}. */
const readCount = (text: string): number =>
  /^\d+$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : 0

/** Letters, digits, - and _ stay; all else becomes JSON, with an escape for whatever is not ASCII. */
const encode = (text: string): string =>
  PLAIN.test(text) ? text : JSON.stringify(text).replace(/[^ -~]/g, escapeUnit)

const escapeUnit = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`

function decode(text: string): string {
  if (!text.startsWith('"')) return text
  try {
    return String(JSON.parse(text))
  } catch {
    return ""
  }
}
