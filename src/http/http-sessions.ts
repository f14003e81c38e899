import type { OpenOptions } from "../core/manager.ts"
import type { Session } from "../core/session.ts"
import type { UnsafeRequest } from "./csrf/origin.ts"
import type { Edge } from "./edge.ts"

/** What an adapter asks of any session. */
export type AnySession = Pick<Session, "save" | "discard" | "load">

/** What an adapter serves: sessions of a store, or sealed ones. */
export interface HttpSessions<Opened extends AnySession> {
  readonly edge: Edge
  open(token: string | undefined, options?: OpenOptions): Opened | Promise<Opened>
  /** Throws `ERR_SESSION_CROSS_ORIGIN` for an unsafe request from another site. */
  assertSameOrigin(request: UnsafeRequest): void
}
