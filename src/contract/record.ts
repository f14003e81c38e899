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
  /** When the user last proved who they are, by any method. */
  readonly authenticatedAt: number
  readonly methods: readonly AuthenticationMethod[]
  /** The level of assurance, as the `acr` claim of OpenID Connect Core, section 2, names it. */
  readonly assurance?: string
  /** SHA-256 of the credentials' stamp that this login was made under, base64url; another stamp ends the session. */
  readonly stampHash?: string
  /** The identity provider's own session behind this one (its `sid` claim), unique among all providers in use. */
  readonly externalId?: string
}

/** One way in which the user proved who they are. */
export interface AuthenticationMethod {
  /** As RFC 8176 names it: `pwd`, `otp`, `hwk`, … */
  readonly name: string
  readonly at: number
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
