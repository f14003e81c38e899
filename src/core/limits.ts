import { SessionError } from "../contract/errors.ts"

/** The bounds of sessions and queues (G10). Lengths are in UTF-16 code units of the encoded text. */
export interface Limits {
  /** Keys in one session. Default 256. */
  readonly maxKeys: number
  /** Length of a key. Default 128. */
  readonly maxKeyLength: number
  /** Length of one encoded value. Default 65,536. */
  readonly maxValueLength: number
  /** Length of all keys and encoded values of one session. Default 262,144. */
  readonly maxSessionLength: number
  /** Store operations that may wait in this process. Default 10,000. */
  readonly maxQueued: number
  /** How often `update` and `take` try again when another change came first. Default 20. */
  readonly maxRetries: number
}

export const DEFAULT_LIMITS: Limits = {
  maxKeys: 256,
  maxKeyLength: 128,
  maxValueLength: 65_536,
  maxSessionLength: 262_144,
  maxQueued: 10_000,
  maxRetries: 20,
}

/** The defaults with the given ones over them. Anything but a positive whole number throws `ERR_SESSION_CONFIG`. */
export function resolveLimits(given: Partial<Limits> = {}): Limits {
  for (const [name, value] of Object.entries(given)) {
    if (!(name in DEFAULT_LIMITS)) {
      throw new SessionError(
        "ERR_SESSION_CONFIG",
        `limits.${name} is unknown: the limits are ${Object.keys(DEFAULT_LIMITS).join(", ")}`,
      )
    }
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new SessionError("ERR_SESSION_CONFIG", `limits.${name} is ${value}: give a whole number above 0`)
    }
  }
  return { ...DEFAULT_LIMITS, ...given }
}
