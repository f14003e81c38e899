import { createCipheriv, createDecipheriv, type KeyObject } from "node:crypto"

export const KEY_BYTES = 32
export const NONCE_BYTES = 12
const TAG_BYTES = 16

/** AES-256-GCM as nonce, ciphertext, tag, base64url. The context is authenticated along with it, and is not in it. */
export function encrypt(key: KeyObject, nonce: Buffer, plain: Buffer | string, context: string): string {
  const cipher = createCipheriv("aes-256-gcm", key, nonce)
  cipher.setAAD(Buffer.from(context))
  const body = typeof plain === "string" ? cipher.update(plain, "utf8") : cipher.update(plain)
  const end = cipher.final()
  return Buffer.concat([nonce, body, end, cipher.getAuthTag()]).toString("base64url")
}

/** `undefined` for all that was not encrypted with this key and in this context. Never throws, whatever the text is. */
export function decrypt(key: KeyObject, text: string, context: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64url")
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  })
  decipher.setAAD(Buffer.from(context))
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
  try {
    const body = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES))
    return Buffer.concat([body, decipher.final()])
  } catch {
    return undefined
  }
}
