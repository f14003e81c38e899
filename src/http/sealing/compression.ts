import { deflateRawSync, inflateRawSync } from "node:zlib"

/** What a seal may hold once it is inflated, in bytes; `jose` has about the same bound. */
export const MAX_INFLATED = 250_000

/** DEFLATE without a frame (RFC 1951), as `zip: "DEF"` is (RFC 7516, 4.1.3). */
export const deflated = (bytes: Uint8Array): Buffer => deflateRawSync(bytes)

/** `undefined` for what is no DEFLATE, or becomes longer than the bound: no more than that is ever unpacked. */
export function inflated(bytes: Uint8Array): Buffer | undefined {
  try {
    return inflateRawSync(bytes, { maxOutputLength: MAX_INFLATED })
  } catch {
    return undefined
  }
}
