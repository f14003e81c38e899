import type { Lifetime, Seen } from "../contract/change.ts"
import { SessionError, type SessionErrorCode } from "../contract/errors.ts"
import { type Duration, milliseconds } from "./duration.ts"

/** How long a session lives (ASVS 7.3.1, 7.3.2). */
export interface LifetimeOptions {
  /** How long it lives without being used. */
  readonly idleTimeout?: Duration
  /** How long it lives at the most, counted from its creation or its last login. */
  readonly absoluteTimeout?: Duration
  /** Whether the client keeps it when it ends ("remember me"), by a cookie with an end of its own. */
  readonly persistent?: boolean
}

/** The lifetimes that a manager gives unless told otherwise. */
export interface Lifetimes {
  readonly idleTimeout: number
  readonly absoluteTimeout: number
  readonly persistent: boolean
}

/** NIST SP 800-63B-4, AAL2: one hour of inactivity, 24 hours in all. */
const DEFAULTS: Lifetimes = { idleTimeout: 3_600_000, absoluteTimeout: 86_400_000, persistent: false }

/** The options over the defaults. Contradicting timeouts throw; by default `ERR_SESSION_CONFIG`. */
export function resolveLifetimes(
  options: LifetimeOptions,
  defaults: Lifetimes = DEFAULTS,
  code: SessionErrorCode = "ERR_SESSION_CONFIG",
): Lifetimes {
  if (typeof options !== "object" || options === null) {
    throw new SessionError(
      code,
      `lifetimes are ${String(options)}: give an object such as { idleTimeout: "30m" }`,
    )
  }
  const absoluteTimeout =
    options.absoluteTimeout === undefined
      ? defaults.absoluteTimeout
      : milliseconds(options.absoluteTimeout, "absoluteTimeout", code)
  const idleTimeout =
    options.idleTimeout === undefined
      ? Math.min(defaults.idleTimeout, absoluteTimeout)
      : milliseconds(options.idleTimeout, "idleTimeout", code)
  if (idleTimeout > absoluteTimeout) {
    throw new SessionError(
      code,
      `idleTimeout (${idleTimeout} ms) is longer than absoluteTimeout (${absoluteTimeout} ms), so it would never end ` +
        "a session: shorten the one or lengthen the other",
    )
  }
  return { idleTimeout, absoluteTimeout, persistent: options.persistent ?? defaults.persistent }
}

/** The lifetimes of a session that begins, or begins again, now. */
export function lifetimeFrom(now: number, lifetimes: Lifetimes): Lifetime {
  const { absoluteTimeout, idleTimeout, persistent } = lifetimes
  const absoluteExpiresAt = now + absoluteTimeout
  return {
    idleTimeout,
    absoluteExpiresAt,
    expiresAt: Math.min(now + idleTimeout, absoluteExpiresAt),
    persistent,
  }
}

/** What using the session now means for its idle end; a store clamps it to the absolute one. */
export const seenNow = ({ idleTimeout }: { readonly idleTimeout: number }, now: number): Seen => ({
  at: now,
  expiresAt: now + idleTimeout,
})
