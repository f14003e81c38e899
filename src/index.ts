import { NearCache } from "./cache/near-cache.ts"
import { SessionError } from "./contract/errors.ts"
import type { SessionStore } from "./contract/store.ts"
import type { ManagerOptions } from "./core/options.ts"
import type { EdgeOptions } from "./http/edge.ts"
import { storeKind } from "./http/policy/policy.ts"
import { Sessions } from "./http/sessions.ts"
import { cached, type NearCacheSettings } from "./near-cache.ts"
import { openStore } from "./stores/registry.ts"

export { isSessionError, SessionError, type SessionErrorCode } from "./contract/errors.ts"
export type { AuthenticationMethod, ClientFacts } from "./contract/record.ts"
export type { SessionStore, StoreContext, StoreFactory } from "./contract/store.ts"
export type { LoginOptions, StepUpOptions } from "./core/authentication.ts"
export type { HijackAnswer, HijackOptions, HijackSignal } from "./core/client-signals.ts"
export { type Codec, jsonCodec } from "./core/codec.ts"
export type { DeepReadonly, KeyOf, SetOptions } from "./core/data-types.ts"
export type { Duration } from "./core/duration.ts"
export type { RefusalReason, RevokeReason, SessionEventName, SessionEvents } from "./core/events.ts"
export type { FlashMessage } from "./core/flash.ts"
export type { HitCounter } from "./core/hits.ts"
export type { SessionInfo } from "./core/info.ts"
export type { LifetimeOptions } from "./core/lifetimes.ts"
export type { Limits } from "./core/limits.ts"
export type { OpenOptions, SessionManager } from "./core/manager.ts"
export type { Histogram, OperationMetrics } from "./core/meter.ts"
export { prometheusText, type SessionMetrics } from "./core/metrics.ts"
export type { Migrate, MismatchPolicies, MismatchPolicy } from "./core/mismatch.ts"
export type { ManagerOptions } from "./core/options.ts"
export type { ManagerPolicy } from "./core/policy.ts"
export type { RevocableSealedSession } from "./core/revocable-manager.ts"
export type { DataSchema, StandardSchema } from "./core/schema.ts"
export type { SealedSession } from "./core/sealed-manager.ts"
export { Session } from "./core/session.ts"
export type { Exchange } from "./core/state.ts"
export { externalIdOf } from "./http/back-channel/external-id.ts"
export {
  type BackChannelAnswer,
  type BackChannelLogout,
  type BackChannelLogoutOptions,
  type BackChannelRequest,
  backChannelLogout,
  type UsedLogoutTokens,
} from "./http/back-channel/logout.ts"
export type { CarriedRequest, CarrierKind } from "./http/carriers/carrier.ts"
export { issuedToken, sessionUrl } from "./http/carriers/issued-token.ts"
export type { CarrierOption, IssueBy, UrlCarrierOption } from "./http/carriers/options.ts"
export type { SiteData } from "./http/clear-site-data.ts"
export type { CookieOptions } from "./http/cookie-options.ts"
export type { OriginCheckOptions, UnsafeRequest } from "./http/csrf/origin.ts"
export { csrfField, csrfToken, isCsrfToken } from "./http/csrf/token.ts"
export type { Edge, EdgeOptions } from "./http/edge.ts"
export type { AnyGuard, Guard, GuardedRequest, Refusal } from "./http/guards/guard.ts"
export type { LoginPageOptions } from "./http/guards/login-page.ts"
export {
  requireCsrfToken,
  requireSession,
  requireThat,
  requireUser,
} from "./http/guards/require.ts"
export { type FreshOptions, requireFresh } from "./http/guards/require-fresh.ts"
export { type CurrentStamp, requireStamp } from "./http/guards/require-stamp.ts"
export { safeReturnPath } from "./http/guards/return-path.ts"
export type { AnySession, HttpSessions } from "./http/http-sessions.ts"
export { generateKey } from "./http/keys.ts"
export type { SessionPolicy } from "./http/policy/policy.ts"
export { policyPage } from "./http/policy/policy-page.ts"
export type { RateLimit, RateLimitBy, RateLimitContext } from "./http/rate-limit/limit.ts"
export { type RateLimitOptions, rateLimit } from "./http/rate-limit/rate-limit.ts"
export {
  RevocableSealedSessions,
  type RevocableSealedSessionsOptions,
} from "./http/sealing/revocable-sealed-sessions.ts"
export { SealedSessions, type SealedSessionsOptions } from "./http/sealing/sealed-sessions.ts"
export { SecureCookie, type SecureCookieKeys, type SecureCookieOptions } from "./http/sealing/securecookie.ts"
export { Sessions } from "./http/sessions.ts"
export type { TokenKind } from "./http/token-protection.ts"
export type { TrustProxy } from "./http/trusted-proxies.ts"
export type { NearCacheSettings } from "./near-cache.ts"
export { openStore, registerStore, storeNames } from "./stores/registry.ts"

export interface CreateSessionsOptions<Data extends object = Record<string, unknown>>
  extends ManagerOptions<Data>,
    EdgeOptions {
  /** A URL (`memory:`, `file:./sessions.txt`, `sqlite:./sessions.db`, or a registered name), or an open store. */
  readonly store: string | SessionStore
  /** How this node remembers sessions of a store that other nodes change, too; `false`: not at all. */
  readonly nearCache?: NearCacheSettings | false
}

/**
 * Opens the store and makes the sessions of an application. Whatever is wrong with the options throws now, with
 * `ERR_SESSION_CONFIG`; a store that cannot be opened throws with its own code.
 */
export async function createSessions<Data extends object = Record<string, unknown>>(
  options: CreateSessionsOptions<Data>,
): Promise<Sessions<Data>> {
  const { store: given, nearCache, ...rest } = options
  const store = await storeOf(given, options.now)
  let used = store
  try {
    used = cached(store, nearCache, options.now ?? Date.now)
    const kind = typeof given === "string" ? given.split(":", 1)[0] : storeKind(given)
    return new Sessions(used, rest, kind)
  } catch (error) {
    if (typeof given === "string") await used.close()
    else if (used !== store && used instanceof NearCache) await used.stopListening()
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
