import { createSecretKey } from "node:crypto"
import { SessionError } from "../../contract/errors.ts"
import type { Login, SessionData, SessionRecord } from "../../contract/record.ts"
import type { RecordSeal } from "../../core/sealed-opener.ts"
import { checkedKeys, deriveKey } from "../keys.ts"
import { roomIn } from "./chunks.ts"
import { MAX_INFLATED } from "./compression.ts"
import { openJwe, sealJwe } from "./jwe.ts"

/** How a record is sealed. */
export interface SealFormat {
  /** How many cookies it may take. Default 1. */
  readonly chunks?: number
  /** Whether it is compressed before it is encrypted. Default `false`. */
  readonly compress?: boolean
}

/** What a session takes besides its data, in bytes: a long name of a user, escapes, the JWE's own parts. */
const OVERHEAD = 670

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
export function recordSeal(
  keys: readonly string[],
  name: string,
  { chunks = 1, compress = false }: SealFormat = {},
): RecordSeal {
  const derived = checkedKeys(keys).map(key => createSecretKey(deriveKey(key, "sealed-session", name)))
  const [newest = createSecretKey(Buffer.alloc(32))] = derived
  const room = roomIn(chunks, name)
  return {
    maxSessionLength: Math.max(Math.floor((room * 3) / 4) - OVERHEAD, 1),
    mayBeTorn: chunks > 1,
    seal(record) {
      const payload = JSON.stringify(payloadOf(record))
      if (compress && Buffer.byteLength(payload) > MAX_INFLATED) throw tooLarge(payload.length, MAX_INFLATED)
      const text = sealJwe(newest, payload, compress)
      if (text.length > room) throw tooLarge(text.length, room)
      return text
    },
    open(text) {
      if (text.length > room) return undefined
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

const tooLarge = (length: number, room: number): SessionError =>
  new SessionError(
    "ERR_SESSION_TOO_LARGE",
    `the sealed session takes ${length} characters, above the ${room} that its cookies carry: store less, raise chunks, ` +
      "or use a store",
  )
