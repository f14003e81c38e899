import { channel } from "node:diagnostics_channel"
import { EventEmitter } from "node:events"
import type { HijackAnswer, HijackSignal } from "./client-signals.ts"

/** Why a session ended. */
export type RevokeReason = "logout" | "revoked" | "evicted" | "theft" | "replaced" | "credentials" | "hijack"

/**
 * Why a token opened no session. `unencrypted`: it was stored without `encryptAtRest`, which is on now. `userAgent`: it came in a
 * URL, from another user agent than the session's.
 */
export type RefusalReason = "malformed" | "unknown" | "secret" | "unencrypted" | "userAgent"

/**
 * What happens in a session's life. Ids are public and safe to log; no event carries a secret (ASVS 16.2.5).
 * Each is also published on `node:diagnostics_channel` as `sojourn:<name>`.
 */
export interface SessionEvents {
  created: { readonly id: string; readonly userId: string | undefined }
  /** A new secret: `privilege` after login or `rotate()`, `periodic` by `rotateEvery`. */
  rotated: {
    readonly id: string
    readonly userId: string | undefined
    readonly cause: "privilege" | "periodic"
  }
  revoked: { readonly id: string; readonly userId: string | undefined; readonly reason: RevokeReason }
  /** `revokeAll` has ended every session, so many that were live; it tells of no single one. */
  revokedAll: { readonly count: number }
  /** A stored value no longer fits its schema, and was taken for absent or migrated; told once per request. No value is told. */
  mismatch: {
    readonly id: string
    readonly userId: string | undefined
    readonly key: string
    readonly action: "dropped" | "migrated"
  }
  /** Reported by the sweep, once per session over all nodes. */
  expired: { readonly id: string }
  /** Ended to make room within `maxSessionsPerUser`. */
  evicted: { readonly id: string; readonly userId: string }
  /** A replaced secret came back after its grace: somebody holds a copy. The session has been revoked. */
  theft: { readonly id: string; readonly userId: string | undefined }
  /** The client is not what it was at the login, and `hijack` watches for that. It tells no facts of the client. */
  hijack: {
    readonly id: string
    readonly userId: string
    readonly signal: HijackSignal
    readonly answer: HijackAnswer
  }
  /** A token was presented that opens no session. */
  refused: { readonly reason: RefusalReason; readonly id: string | undefined }
  /** An unsafe request came from a page of another site; it was refused unless `csrf.reportOnly` is set. */
  crossOrigin: { readonly method: string; readonly path: string; readonly origin: string | undefined }
  /** A rate limit turned a request away. */
  rateLimited: {
    readonly limit: string
    readonly id: string | undefined
    readonly userId: string | undefined
  }
  /** A store call failed outside of any request (touch, sweep), or a policy answered it (`anonymous`, rate limits). */
  storeError: { readonly operation: string; readonly error: unknown }
}

export type SessionEventName = keyof SessionEvents

const NAMES: readonly SessionEventName[] = [
  "created",
  "rotated",
  "revoked",
  "revokedAll",
  "mismatch",
  "expired",
  "evicted",
  "theft",
  "refused",
  "hijack",
  "crossOrigin",
  "rateLimited",
  "storeError",
]

/** Tells listeners and diagnostics channels. A listener that throws does so outside of the request it observes. */
export class EventHub {
  readonly #emitter = new EventEmitter()
  readonly #channels = new Map(NAMES.map(name => [name, channel(`sojourn:${name}`)]))

  emit<Name extends SessionEventName>(name: Name, event: SessionEvents[Name]): void {
    this.#channels.get(name)?.publish(event)
    for (const listener of this.#emitter.listeners(name)) {
      try {
        listener(event)
      } catch (error) {
        process.nextTick(() => {
          throw error
        })
      }
    }
  }

  /** Returns the function that removes the listener. */
  on<Name extends SessionEventName>(name: Name, listener: (event: SessionEvents[Name]) => void): () => void {
    this.#emitter.on(name, listener)
    return () => this.#emitter.off(name, listener)
  }
}
