import type { ClientFacts, Login, SessionData, SessionRecord } from "./record.ts"

/**
 * One atomic operation on one session. Only `create` inserts; every other kind applies to a live session or not at
 * all (`gone`). A change that carries `epoch` is refused with `conflict` when the record's epoch is another.
 */
export type Change = Create | Patch | Rotate | Touch | Revoke

/** The id of the session that the change is about. */
export const idOf = (change: Change): string => (change.kind === "create" ? change.record.id : change.id)

/** Inserts the record. `exists` when the id is taken by a live record; an expired one is replaced. */
export interface Create {
  readonly kind: "create"
  readonly record: SessionRecord
}

/** Changes some keys and leaves all others. Adds one to the version. */
export interface Patch extends DataChange {
  readonly kind: "patch"
  readonly id: string
  readonly epoch: number
  /** Apply only when this is still the version; otherwise `conflict`. */
  readonly ifVersion?: number
  readonly client?: ClientFacts
  /** New lifetimes of this session. They replace what the record has. */
  readonly lifetime?: Lifetime
  /** The use that this change is; see {@link Touch}. */
  readonly seen?: Seen
}

/**
 * Replaces the secret: generation + 1, version + 1. Refused with `conflict` when `epoch` or `generation` is not the
 * record's. With `privilege` the epoch grows by one too and `login` is replaced by the one given.
 */
export interface Rotate extends DataChange {
  readonly kind: "rotate"
  readonly id: string
  readonly epoch: number
  readonly generation: number
  readonly secretHash: string
  /** The hash to keep as previous secret, unconfirmed; `undefined` ends the old secret at once. */
  readonly previousSecretHash: string | undefined
  readonly at: number
  readonly privilege?: { readonly login: Login | undefined }
  readonly client?: ClientFacts
  readonly lifetime?: Lifetime
  readonly seen?: Seen
}

/**
 * Notes that the session was used. `lastSeenAt` and `expiresAt` only ever grow, and `expiresAt` never passes
 * `absoluteExpiresAt`. Changes neither version nor epoch.
 */
export interface Touch {
  readonly kind: "touch"
  readonly id: string
  readonly seen: Seen
  /** The generation whose secret was seen in use: sets `previous.confirmedAt` if it is the current generation. */
  readonly confirm?: number
}

/** Ends the session: the record is removed. `gone` when there is no live one. */
export interface Revoke {
  readonly kind: "revoke"
  readonly id: string
}

export interface DataChange {
  readonly set: SessionData
  readonly unset: readonly string[]
}

export interface Seen {
  readonly at: number
  /** `at` + idle timeout. */
  readonly expiresAt: number
}

export interface Lifetime {
  readonly idleTimeout: number
  readonly absoluteExpiresAt: number
  readonly expiresAt: number
  readonly persistent: boolean
}

/**
 * What became of a change. `applied` tells the version after it; `gone`: no live session has this id;
 * `conflict`: epoch, generation or version was not the expected one; `exists`: a create met a live record.
 */
export type Outcome =
  | { readonly kind: "applied"; readonly version: number }
  | { readonly kind: "gone" }
  | { readonly kind: "conflict" }
  | { readonly kind: "exists" }
