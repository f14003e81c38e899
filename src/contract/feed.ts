/** What another node, or this one, has changed. */
export type Notice =
  /** The session has this version now. */
  | { readonly kind: "changed"; readonly id: string; readonly version: number }
  | { readonly kind: "revoked"; readonly id: string }
  /** All sessions of the user have been revoked, but for one id if given. */
  | { readonly kind: "userRevoked"; readonly userId: string; readonly except?: string }
  | { readonly kind: "allRevoked" }

/**
 * Who listens to a store's feed. Notices arrive in the order in which the server sent them. A revocation and a rotation
 * are announced at the moment they take effect; a change of data soon after it.
 */
export interface FeedObserver {
  /** Subscribed, and the server has confirmed it: whatever is read from now on is told of when it changes. */
  connected(): void
  /** Notices may be missing from now on, until `connected` again. `reason` when something failed. */
  disconnected(reason?: unknown): void
  /**
   * A heartbeat that this feed sent through its own channel at `sentAt` (`performance.now()`) has come back: every notice that was
   * published before that moment has been delivered.
   */
  heartbeat(sentAt: number): void
  notice(notice: Notice): void
}

export interface FeedOptions {
  /** Milliseconds between two heartbeats. A channel that is silent for four of them is taken for dead and opened anew. */
  readonly heartbeatInterval: number
}

/** A feed that is open. */
export interface Feed {
  /** Stops listening and frees the connection. A second call does nothing. */
  close(): Promise<void>
}
