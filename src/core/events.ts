import { channel } from "node:diagnostics_channel"
import { EventEmitter } from "node:events"

/** Why a session ended. */
export type RevokeReason = "logout" | "revoked" | "evicted" | "theft" | "replaced"

/** Why a token opened no session. */
export type RefusalReason = "malformed" | "unknown" | "secret"

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
  /** Reported by the sweep, once per session over all nodes. */
  expired: { readonly id: string }
  /** Ended to make room within `maxSessionsPerUser`. */
  evicted: { readonly id: string; readonly userId: string }
  /** A replaced secret came back after its grace: somebody holds a copy. The session has been revoked. */
  theft: { readonly id: string; readonly userId: string | undefined }
  /** A token was presented that opens no session. */
  refused: { readonly reason: RefusalReason; readonly id: string | undefined }
  /** An unsafe request came from a page of another site; it was refused unless `csrf.reportOnly` is set. */
  crossOrigin: { readonly method: string; readonly path: string; readonly origin: string | undefined }
  /** A store call failed outside of any request (touch, sweep), or was answered by the `anonymous` policy. */
  storeError: { readonly operation: string; readonly error: unknown }
}

export type SessionEventName = keyof SessionEvents

const NAMES: readonly SessionEventName[] = [
  "created",
  "rotated",
  "revoked",
  "expired",
  "evicted",
  "theft",
  "refused",
  "crossOrigin",
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
