/**
 * A session as a store keeps it.
 *
 * Words: **id** names a session and is public; **secret** proves possession and is never stored; **epoch** counts
 * privilege changes, **version** data changes, **generation** secrets. Every time is in milliseconds since 1970.
 */
export interface SessionRecord {
  /** 128 random bits, base64url, 22 characters. Stable for the session's life; safe to log. */
  readonly id: string
  /** SHA-256 of the current secret, base64url, 43 characters. */
  readonly secretHash: string
  /** The secret before the last periodic rotation, while it still matters. */
  readonly previous: PreviousSecret | undefined
  readonly epoch: number
  readonly version: number
  readonly generation: number
  readonly createdAt: number
  /** When the current secret was issued. */
  readonly rotatedAt: number
  readonly lastSeenAt: number
  /** The idle timeout of this very session, in milliseconds. */
  readonly idleTimeout: number
  readonly absoluteExpiresAt: number
  /** The earlier of the idle and the absolute end. At this moment the session is over. */
  readonly expiresAt: number
  /** Whether its cookie outlives the browser ("remember me"). */
  readonly persistent: boolean
  readonly login: Login | undefined
  readonly client: ClientFacts
  readonly data: SessionData
}

export interface PreviousSecret {
  readonly secretHash: string
  /** When the current secret was first seen in use; until then the previous one stays good. */
  readonly confirmedAt: number | undefined
}

/** Who is logged in, since when and how. */
export interface Login {
  /** The owner's id, an opaque text. */
  readonly userId: string
  readonly authenticatedAt: number
  /** Authentication methods, as RFC 8176 names them: `pwd`, `otp`, `hwk`, … */
  readonly methods: readonly string[]
}

/** What is known of the client, for lists of devices. */
export interface ClientFacts {
  readonly address?: string
  readonly userAgent?: string
  readonly label?: string
}

/** One encoded value. `expiresAt` is the key's own end, if it has one. */
export interface StoredValue {
  readonly text: string
  readonly expiresAt?: number
}

/** A `Map`, because keys such as `__proto__` are only data. */
export type SessionData = ReadonlyMap<string, StoredValue>
