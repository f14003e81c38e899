import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from "node:crypto"
import { SessionError } from "../contract/errors.ts"
import { hasTokenShape, isToken, TOKEN_LENGTH } from "../core/token.ts"
import { hmacSha256 } from "./hmac.ts"
import { checkedKeys, deriveKey } from "./keys.ts"

/** What a protected token was found to be. */
export interface OpenedToken {
  readonly token: string
  /** Protected with a key that is no longer the newest, so the client should be given it anew. */
  readonly stale: boolean
}

/** What stands where a token should: it opens nothing, is refused as malformed, and the client is told to forget it. */
export const MALFORMED: OpenedToken = { token: "", stale: false }

/** Wraps the token that a client carries, so that what was not issued here never reaches a store. */
export interface TokenProtection {
  wrap(token: string): string
  /** `undefined` for anything that was not wrapped with one of the keys. Never throws. */
  open(text: string): OpenedToken | undefined
  /** As `open`, where no other text could be meant: may leave it to whoever opens the session to look at its characters. */
  openSole?(text: string): OpenedToken | undefined
  /** How many cookies the wrapped token may take. Default 1. */
  readonly chunks?: number
}

/** What the client sees of its token. */
export type TokenKind = "plain" | "signed" | "encrypted"

/** The protection of that kind. Keys that are missing, weak or without use throw `ERR_SESSION_CONFIG`. */
export function tokenProtection(
  kind: TokenKind = "plain",
  keys: readonly string[] | undefined,
  name: string,
): TokenProtection {
  if (kind === "signed") return signedTokens(keys, name)
  if (kind === "encrypted") return encryptedTokens(keys, name)
  if (kind !== "plain")
    throw new SessionError("ERR_SESSION_CONFIG", `token is ${kind}: give plain, signed or encrypted`)
  if (keys === undefined) return plainTokens
  throw new SessionError(
    "ERR_SESSION_CONFIG",
    'keys are given, but plain tokens need none: set token to "signed" or "encrypted", or leave keys out',
  )
}

/** The token as it is. */
export const plainTokens: TokenProtection = {
  wrap: token => token,
  open: text => (isToken(text) ? { token: text, stale: false } : undefined),
  openSole: text => (hasTokenShape(text) ? { token: text, stale: false } : undefined),
}

const MAC_LENGTH = 43

/** `token.mac`, with HMAC-SHA256: a forged token costs no store read. */
export function signedTokens(keys: readonly string[] | undefined, name: string): TokenProtection {
  const macs = checkedKeys(keys).map(key => hmacSha256(deriveKey(key, "signed-token", name)))
  return {
    wrap: token => `${token}.${macs[0]?.(token).toString("base64url")}`,
    open(text) {
      const token = text.slice(0, TOKEN_LENGTH)
      if (text.length !== TOKEN_LENGTH + 1 + MAC_LENGTH || text[TOKEN_LENGTH] !== "." || !isToken(token))
        return undefined
      const presented = Buffer.from(text.slice(TOKEN_LENGTH + 1), "base64url")
      if (presented.length !== 32) return undefined
      const used = macs.findIndex(mac => timingSafeEqual(mac(token), presented))
      return used === -1 ? undefined : { token, stale: used > 0 }
    },
  }
}

const NONCE = 12
const TAG = 16
const BODY = 48
const SEALED_LENGTH = Math.ceil(((NONCE + BODY + TAG) * 4) / 3)

/** AES-256-GCM over id and secret: the client does not even learn the session's id. */
export function encryptedTokens(keys: readonly string[] | undefined, name: string): TokenProtection {
  // A key object is made once; from bytes, each cipher would make its own, which takes several times as long as the cipher.
  const derived = checkedKeys(keys).map(key => createSecretKey(deriveKey(key, "encrypted-token", name)))
  const [newest = createSecretKey(Buffer.alloc(32))] = derived
  return {
    wrap: token => seal(newest, token),
    open(text) {
      if (text.length !== SEALED_LENGTH || !/^[A-Za-z0-9_-]+$/.test(text)) return undefined
      const bytes = Buffer.from(text, "base64url")
      for (const [index, key] of derived.entries()) {
        const token = unseal(key, bytes)
        if (token !== undefined) return { token, stale: index > 0 }
      }
      return undefined
    },
  }
}

function seal(key: KeyObject, token: string): string {
  const nonce = randomBytes(NONCE)
  const cipher = createCipheriv("aes-256-gcm", key, nonce)
  const id = cipher.update(token.slice(0, 22), "base64url")
  const secret = cipher.update(token.slice(23), "base64url")
  return Buffer.concat([nonce, id, secret, cipher.final(), cipher.getAuthTag()]).toString("base64url")
}

function unseal(key: KeyObject, bytes: Buffer): string | undefined {
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, NONCE), { authTagLength: TAG })
  decipher.setAuthTag(bytes.subarray(bytes.length - TAG))
  try {
    const packed = Buffer.concat([decipher.update(bytes.subarray(NONCE, -TAG)), decipher.final()])
    return `${packed.toString("base64url", 0, 16)}.${packed.toString("base64url", 16)}`
  } catch {
    return undefined
  }
}
