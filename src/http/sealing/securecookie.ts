import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from "node:crypto"
import { SessionError } from "../../contract/errors.ts"

/** A pair of keys as gorilla/securecookie has them. The hash key signs; the block key, 16, 24 or 32 bytes, encrypts. */
export interface SecureCookieKeys {
  readonly hashKey: string | Uint8Array
  readonly blockKey?: string | Uint8Array
}

export interface SecureCookieOptions {
  /** Pairs of keys: the first encodes, each is tried to decode. */
  readonly keys: readonly SecureCookieKeys[]
  /** Age in seconds up to which a cookie is good; 0 is no limit. Default 30 days, as there. */
  readonly maxAge?: number
  /** The clock, in ms since 1970. For tests. */
  readonly now?: () => number
}

const MAX_LENGTH = 4_096
const MAC = 32
const IV = 16

/**
 * Reads and writes the cookies of Go's `gorilla/securecookie` with its JSON serializer, to share them with an application in Go or to
 * take over its users. Its own keys may be short, so they are for this format alone.
 */
export class SecureCookie {
  readonly #keys: readonly SecureCookieKeys[]
  readonly #maxAge: number
  readonly #now: () => number

  constructor(options: SecureCookieOptions) {
    const { keys, maxAge = 30 * 86_400, now = Date.now } = options
    if (keys.length === 0) throw wrong("ERR_SESSION_CONFIG", "keys is empty: give at least one pair")
    for (const { blockKey } of keys) {
      if (blockKey !== undefined && ![16, 24, 32].includes(Buffer.byteLength(blockKey))) {
        throw wrong("ERR_SESSION_CONFIG", "a blockKey has 16, 24 or 32 bytes (AES)")
      }
    }
    if (!Number.isSafeInteger(maxAge) || maxAge < 0) {
      throw wrong("ERR_SESSION_CONFIG", `maxAge is ${maxAge}: give whole seconds, or 0 for any age`)
    }
    this.#keys = keys
    this.#maxAge = maxAge
    this.#now = now
  }

  /** The cookie's value. Above 4,096 characters: `ERR_SESSION_TOO_LARGE`. */
  encode(name: string, value: unknown): string {
    const [keys] = this.#keys
    const payload = Buffer.from(`${JSON.stringify(value)}\n`)
    const body = base64(keys?.blockKey === undefined ? payload : encrypt(Buffer.from(keys.blockKey), payload))
    const dated = `${Math.floor(this.#now() / 1000)}|${body}`
    const signed = Buffer.concat([Buffer.from(`${dated}|`), macOf(keys?.hashKey ?? "", name, dated)])
    const cookie = base64(signed)
    if (cookie.length <= MAX_LENGTH) return cookie
    throw wrong(
      "ERR_SESSION_TOO_LARGE",
      `the value takes ${cookie.length} characters, above ${MAX_LENGTH}: store less`,
    )
  }

  /** The value; `undefined` when it is forged, too old, too long or no JSON. Never throws. */
  decode(name: string, cookie: string): unknown {
    if (cookie.length > MAX_LENGTH) return undefined
    const signed = Buffer.from(cookie, "base64url")
    const first = signed.indexOf("|")
    const second = signed.indexOf("|", first + 1)
    if (first < 1 || second === -1 || signed.length - second - 1 !== MAC) return undefined
    const dated = signed.toString("latin1", 0, second)
    const mac = signed.subarray(second + 1)
    const keys = this.#keys.find(({ hashKey }) => timingSafeEqual(macOf(hashKey, name, dated), mac))
    if (!keys || this.#isOld(dated.slice(0, first))) return undefined
    return parsed(Buffer.from(dated.slice(first + 1), "base64url"), keys.blockKey)
  }

  #isOld(timestamp: string): boolean {
    if (!/^\d{1,15}$/.test(timestamp)) return true
    return this.#maxAge !== 0 && Number(timestamp) < Math.floor(this.#now() / 1000) - this.#maxAge
  }
}

const macOf = (hashKey: string | Uint8Array, name: string, dated: string): Buffer =>
  createHmac("sha256", hashKey).update(`${name}|${dated}`).digest()

function encrypt(key: Buffer, payload: Buffer): Buffer {
  const iv = randomBytes(IV)
  const cipher = createCipheriv(`aes-${key.length * 8}-ctr`, key, iv)
  return Buffer.concat([iv, cipher.update(payload), cipher.final()])
}

function parsed(body: Buffer, blockKey: string | Uint8Array | undefined): unknown {
  try {
    return JSON.parse((blockKey === undefined ? body : decrypt(Buffer.from(blockKey), body)).toString())
  } catch {
    return undefined
  }
}

function decrypt(key: Buffer, body: Buffer): Buffer {
  const decipher = createDecipheriv(`aes-${key.length * 8}-ctr`, key, body.subarray(0, IV))
  return Buffer.concat([decipher.update(body.subarray(IV)), decipher.final()])
}

/** URL-safe with padding. */
const base64 = (bytes: Buffer): string => bytes.toString("base64").replaceAll("+", "-").replaceAll("/", "_")

const wrong = (code: "ERR_SESSION_CONFIG" | "ERR_SESSION_TOO_LARGE", message: string): SessionError =>
  new SessionError(code, `securecookie: ${message}`)
