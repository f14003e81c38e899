import { createHash, hash } from "node:crypto"

const BLOCK = 64

/**
 * HMAC-SHA256 (RFC 2104) of Latin-1 texts under one key, as 32 bytes. Written with two one-shot hashes, as they take a fifth of
 * the time of `createHmac`, which sets up a new object each time.
 */
export function hmacSha256(key: Buffer): (text: string) => Buffer {
  const block = Buffer.alloc(BLOCK)
  block.set(key.length > BLOCK ? createHash("sha256").update(key).digest() : key)
  const inner = block.map(byte => byte ^ 0x36)
  const outer = Buffer.alloc(BLOCK + 32)
  outer.set(block.map(byte => byte ^ 0x5c))
  let message = Buffer.concat([inner, Buffer.alloc(192)])
  return text => {
    if (BLOCK + text.length > message.length) message = Buffer.concat([inner, Buffer.alloc(text.length)])
    message.write(text, BLOCK, "latin1")
    outer.set(hash("sha256", message.subarray(0, BLOCK + text.length), "buffer"), BLOCK)
    return hash("sha256", outer, "buffer")
  }
}
