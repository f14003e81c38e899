import { createSecretKey, hkdfSync, type KeyObject } from "node:crypto"
import { decrypt, encrypt, KEY_BYTES } from "./cipher.ts"

/**
 * The data keys of one session by their number, which grows; the newest encrypts, all of them decrypt. Key objects, as
 * ciphers begin with one three times as fast as with bytes.
 */
export type DataKeys = ReadonlyMap<number, KeyObject>

const NUMBER_BYTES = 4
const ENTRY_BYTES = NUMBER_BYTES + KEY_BYTES
const PURPOSE = "sojourn/at-rest"

/** The data keys under a key that only this secret of this session gives. */
export function wrapKeys(keys: DataKeys, id: string, secret: string, nonce: Buffer): string {
  const packed = Buffer.alloc(keys.size * ENTRY_BYTES)
  let offset = 0
  for (const [number, key] of keys) {
    packed.writeUInt32BE(number, offset)
    key.export().copy(packed, offset + NUMBER_BYTES)
    offset += ENTRY_BYTES
  }
  return encrypt(wrappingKey(id, secret), nonce, packed, PURPOSE)
}

/** `undefined` when this secret did not wrap them. */
export function unwrapKeys(text: string, id: string, secret: string): DataKeys | undefined {
  const packed = decrypt(wrappingKey(id, secret), text, PURPOSE)
  if (!packed) return undefined
  const keys = new Map<number, KeyObject>()
  for (let offset = 0; offset < packed.length; offset += ENTRY_BYTES) {
    const key = packed.subarray(offset + NUMBER_BYTES, offset + ENTRY_BYTES)
    keys.set(packed.readUInt32BE(offset), createSecretKey(key))
  }
  return keys
}

/** HKDF-SHA256 (RFC 5869). The store keeps the plain SHA-256 of the same secret, which tells nothing of this. */
function wrappingKey(id: string, secret: string): KeyObject {
  const from = createSecretKey(Buffer.from(secret, "base64url"))
  return createSecretKey(Buffer.from(hkdfSync("sha256", from, id, PURPOSE, KEY_BYTES)))
}
