/**
 * Base64url (RFC 4648 §5, no padding) to bytes and back without losing a bit: the last character of an id or a hash
 * carries a few bits more than whole bytes hold. These are the **tail**, kept apart, so that two texts never become
 * one.
 */
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

const VALUES = new Int8Array(128).fill(-1)
for (let value = 0; value < ALPHABET.length; value++) VALUES[ALPHABET.charCodeAt(value)] = value

/** Writes the bytes that `text` means to `bytes` from `at` on. Returns the tail; negative: it is not base64url. */
export function decode(text: string, bytes: Uint8Array, at: number): number {
  let wrong = 0
  let to = at
  let from = 0
  for (; from + 3 < text.length; from += 4) {
    const bits =
      (valueAt(text, from) << 18) |
      (valueAt(text, from + 1) << 12) |
      (valueAt(text, from + 2) << 6) |
      valueAt(text, from + 3)
    wrong |= bits
    bytes[to] = bits >> 16
    bytes[to + 1] = bits >> 8
    bytes[to + 2] = bits
    to += 3
  }
  if (text.length - from === 2) {
    const bits = (valueAt(text, from) << 6) | valueAt(text, from + 1)
    bytes[to] = bits >> 4
    return wrong < 0 ? -1 : bits < 0 ? -1 : bits & 0b1111
  }
  if (text.length - from === 3) {
    const bits = (valueAt(text, from) << 12) | (valueAt(text, from + 1) << 6) | valueAt(text, from + 2)
    bytes[to] = bits >> 10
    bytes[to + 1] = bits >> 2
    return wrong < 0 ? -1 : bits < 0 ? -1 : bits & 0b11
  }
  return wrong < 0 || text.length !== from ? -1 : 0
}

/** The text of which `bytes` from `start` to `end` and `tail` were made. */
export function encode(bytes: Buffer, start: number, end: number, tail: number): string {
  const text = bytes.toString("base64url", start, end)
  if (tail === 0) return text
  const last = VALUES[text.charCodeAt(text.length - 1)] ?? 0
  return text.slice(0, -1) + ALPHABET.charAt(last | tail)
}

function valueAt(text: string, index: number): number {
  const code = text.charCodeAt(index)
  return code < 128 ? (VALUES[code] ?? -1) : -1
}
