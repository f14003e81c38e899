import { hkdfSync, randomBytes } from "node:crypto"
import { SessionError } from "../contract/errors.ts"

const KEY_BYTES = 32

/** A new application key: 256 random bits, base64url. For `keys`, from your secret store. */
export const generateKey = (): string => randomBytes(KEY_BYTES).toString("base64url")

/** What a derived key is for; a key of one purpose opens nothing of another. */
export type KeyPurpose = "signed-token" | "encrypted-token" | "sealed-session"

/**
 * The application's keys, newest first: the first seals and signs, all open and verify (ASVS 13.3.4). A missing or short key
 * throws `ERR_SESSION_CONFIG`, and says how to make one.
 */
export function checkedKeys(keys: readonly string[] | undefined): readonly Buffer[] {
  if (!Array.isArray(keys) || keys.length === 0) throw wrong("keys is missing")
  return keys.map((key, index) => {
    const bytes = typeof key === "string" ? Buffer.from(key, "base64url") : Buffer.alloc(0)
    if (bytes.length < KEY_BYTES) throw wrong(`keys[${index}] has fewer than 256 bits`)
    if (new Set(bytes).size < 8) throw wrong(`keys[${index}] is no random key`)
    return bytes
  })
}

/** HKDF-SHA256 (RFC 5869) without salt; `info` is `sojourn/<purpose>/<name>`, so that cookies of other names stay apart. */
export const deriveKey = (key: Buffer, purpose: KeyPurpose, name: string): Buffer =>
  Buffer.from(hkdfSync("sha256", key, "", `sojourn/${purpose}/${name}`, KEY_BYTES))

const wrong = (what: string): SessionError =>
  new SessionError(
    "ERR_SESSION_CONFIG",
    `${what}: give base64url texts of at least 32 random bytes, newest first. Make one with generateKey(), or: ` +
      "node -e \"console.log(crypto.randomBytes(32).toString('base64url'))\"",
  )
