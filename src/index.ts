import { SessionError } from "./contract/errors.ts"
import type { SessionStore } from "./contract/store.ts"
import type { ManagerOptions } from "./core/options.ts"
import type { EdgeOptions } from "./http/edge.ts"
import { Sessions } from "./http/sessions.ts"
import { openStore } from "./stores/registry.ts"

export { isSessionError, SessionError, type SessionErrorCode } from "./contract/errors.ts"
export type { ClientFacts } from "./contract/record.ts"
export type { SessionStore, StoreContext, StoreFactory } from "./contract/store.ts"
export { type Codec, jsonCodec } from "./core/codec.ts"
export type { Duration } from "./core/duration.ts"
export type { RefusalReason, RevokeReason, SessionEventName, SessionEvents } from "./core/events.ts"
export type { FlashMessage } from "./core/flash.ts"
export type { SessionInfo } from "./core/info.ts"
export type { LifetimeOptions } from "./core/lifetimes.ts"
export type { Limits } from "./core/limits.ts"
export type { OpenOptions } from "./core/manager.ts"
export type { ManagerOptions } from "./core/options.ts"
export type { DataSchema, StandardSchema } from "./core/schema.ts"
export type { SealedSession } from "./core/sealed-manager.ts"
export { type DeepReadonly, type LoginOptions, Session, type SetOptions } from "./core/session.ts"
export type { CookieOptions } from "./http/cookie-options.ts"
export type { OriginCheckOptions, UnsafeRequest } from "./http/csrf/origin.ts"
export { csrfField, csrfToken, isCsrfToken } from "./http/csrf/token.ts"
export type { EdgeOptions } from "./http/edge.ts"
export type { AnyGuard, Guard, GuardedRequest, Refusal } from "./http/guards/guard.ts"
export {
  type FreshOptions,
  type LoginPageOptions,
  requireCsrfToken,
  requireFresh,
  requireSession,
  requireThat,
  requireUser,
} from "./http/guards/require.ts"
export { safeReturnPath } from "./http/guards/return-path.ts"
export { generateKey } from "./http/keys.ts"
export { SealedSessions, type SealedSessionsOptions } from "./http/sealing/sealed-sessions.ts"
export { SecureCookie, type SecureCookieKeys, type SecureCookieOptions } from "./http/sealing/securecookie.ts"
export { Sessions } from "./http/sessions.ts"
export type { TokenKind } from "./http/token-protection.ts"
export type { TrustProxy } from "./http/trusted-proxies.ts"
export { openStore, registerStore, storeNames } from "./stores/registry.ts"

export interface CreateSessionsOptions<Data extends object = Record<string, unknown>>
  extends ManagerOptions<Data>,
    EdgeOptions {
  /** A URL (`memory:`, `file:./sessions.txt`, `sqlite:./sessions.db`, or a registered name), or an open store. */
  readonly store: string | SessionStore
}

/**
 * Opens the store and makes the sessions of an application. Whatever is wrong with the options throws now, with
 * `ERR_SESSION_CONFIG`; a store that cannot be opened throws with its own code.
 */
export async function createSessions<Data extends object = Record<string, unknown>>(
  options: CreateSessionsOptions<Data>,
): Promise<Sessions<Data>> {
  const { store: given, ...rest } = options
  const store = await storeOf(given, options.now)
  try {
    return new Sessions(store, rest)
  } catch (error) {
    if (typeof given === "string") await store.close()
    throw error
  }
}

async function storeOf(given: string | SessionStore, now: (() => number) | undefined): Promise<SessionStore> {
  if (typeof given === "string") return await openStore(given, { now: now ?? Date.now })
  if (typeof given?.find === "function" && typeof given.apply === "function") return given
  throw new SessionError(
    "ERR_SESSION_CONFIG",
    'store is missing: give a URL such as "sqlite:./sessions.db", "file:./sessions.txt" or "memory:", or an open store',
  )
}
