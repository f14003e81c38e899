import { SessionError } from "../../contract/errors.ts"
import type { Login, SessionData, SessionRecord } from "../../contract/record.ts"
import type { RecordSeal } from "../../core/sealed-manager.ts"
import { checkedKeys, deriveKey } from "../keys.ts"
import { openJwe, sealJwe } from "./jwe.ts"

/** RFC 6265bis: name and value together. */
const MAX_COOKIE_LENGTH = 4_096

/** What the JWE holds, with short names as each character counts. Times are in ms since 1970. */
interface Payload {
  readonly v: 1
  readonly id: string
  readonly epoch: number
  readonly version: number
  readonly gen: number
  readonly made: number
  readonly seen: number
  readonly idle: number
  readonly end: number
  readonly exp: number
  readonly keep: boolean
  readonly login?: Login
  /** Key, encoded value and, if it has one, its own end. */
  readonly data: readonly (readonly [string, string, number?])[]
}

/** Seals records for a cookie of this name: a session sealed for one purpose or name opens under no other. */
export function recordSeal(keys: readonly string[], name: string): RecordSeal {
  const derived = checkedKeys(keys).map(key => deriveKey(key, "sealed-session", name))
  const [newest = Buffer.alloc(0)] = derived
  return {
    seal(record) {
      const text = sealJwe(newest, JSON.stringify(payloadOf(record)))
      if (name.length + text.length > MAX_COOKIE_LENGTH) throw tooLarge(name.length + text.length)
      return text
    },
    open(text) {
      if (text.length > MAX_COOKIE_LENGTH) return undefined
      for (const [index, key] of derived.entries()) {
        const payload = openJwe(key, text)
        if (payload !== undefined) return opened(payload, index > 0)
      }
      return undefined
    },
  }
}

function opened(payload: string, stale: boolean): ReturnType<RecordSeal["open"]> {
  try {
    const parsed = JSON.parse(payload) as Payload
    return parsed.v === 1 ? { record: recordOf(parsed), stale } : undefined
  } catch {
    return undefined
  }
}

const payloadOf = (record: SessionRecord): Payload => ({
  v: 1,
  id: record.id,
  epoch: record.epoch,
  version: record.version,
  gen: record.generation,
  made: record.createdAt,
  seen: record.lastSeenAt,
  idle: record.idleTimeout,
  end: record.absoluteExpiresAt,
  exp: record.expiresAt,
  keep: record.persistent,
  ...(record.login && { login: record.login }),
  data: [...record.data].map(([key, { text, expiresAt }]) =>
    expiresAt === undefined ? [key, text] : [key, text, expiresAt],
  ),
})

/** Authentic by its seal, so it has the shape that `payloadOf` gave it. */
const recordOf = (payload: Payload): SessionRecord => ({
  id: payload.id,
  secretHash: "",
  previous: undefined,
  epoch: payload.epoch,
  version: payload.version,
  generation: payload.gen,
  createdAt: payload.made,
  rotatedAt: payload.made,
  lastSeenAt: payload.seen,
  idleTimeout: payload.idle,
  absoluteExpiresAt: payload.end,
  expiresAt: payload.exp,
  persistent: payload.keep,
  login: payload.login,
  client: {},
  data: dataOf(payload.data),
})

const dataOf = (entries: Payload["data"]): SessionData =>
  new Map(
    entries.map(([key, text, expiresAt]) => [key, expiresAt === undefined ? { text } : { text, expiresAt }]),
  )

const tooLarge = (length: number): SessionError =>
  new SessionError(
    "ERR_SESSION_TOO_LARGE",
    `the sealed session takes ${length} characters, above the ${MAX_COOKIE_LENGTH} of a cookie: store less, or use a store`,
  )
