import { hash, randomFillSync } from "node:crypto"

const ID_BYTES = 16
const SECRET_BYTES = 32
const POOL_BYTES = 4_080

/** Fills the bytes from a cryptographically secure source. Injected, so that tests can own chance. */
export type FillRandom = (bytes: Uint8Array) => void

/** Issues ids and secrets (ASVS 7.2.3: reference tokens from a CSPRNG, at least 128 bits). */
export interface SecretSource {
  /** 128 bits, base64url, 22 characters. */
  id(): string
  /** 256 bits, base64url, 43 characters. */
  secret(): string
  /** For keys and nonces. */
  bytes(length: number): Buffer
}

/** Draws from the system in larger portions, as a call for 16 bytes costs almost as much as one for 4,080. */
export function secretSource(fill: FillRandom = randomFillSync): SecretSource {
  const pool = Buffer.alloc(POOL_BYTES)
  let used = POOL_BYTES
  const draw = <Drawn>(length: number, take: (from: number, to: number) => Drawn): Drawn => {
    if (used + length > POOL_BYTES) {
      fill(pool)
      used = 0
    }
    const drawn = take(used, used + length)
    pool.fill(0, used, used + length)
    used += length
    return drawn
  }
  const asText = (from: number, to: number): string => pool.toString("base64url", from, to)
  const asBytes = (from: number, to: number): Buffer => Buffer.from(pool.subarray(from, to))
  return {
    id: () => draw(ID_BYTES, asText),
    secret: () => draw(SECRET_BYTES, asText),
    bytes: length => draw(length, asBytes),
  }
}

/** What a store keeps of a secret: its SHA-256, base64url, 43 characters (G9). */
export const hashSecret = (secret: string): string => hash("sha256", secret, "base64url")

/** Compares two hashes in a time that does not depend on where they differ. */
export function sameHash(a: string, b: string): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let index = 0; index < a.length; index++) difference |= a.charCodeAt(index) ^ b.charCodeAt(index)
  return difference === 0
}
