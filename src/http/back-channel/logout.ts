import { SessionError } from "../../contract/errors.ts"
import { type Duration, milliseconds } from "../../core/duration.ts"
import type { SessionManager } from "../../core/manager.ts"
import { externalIdOf } from "./external-id.ts"
import { type ExpectedClaims, judgeClaims, type LogoutClaims, Refused } from "./logout-token.ts"
import { isOutage } from "./outage.ts"

export interface BackChannelLogoutOptions {
  /** Whose sessions are ended; `sid` takes a store with an index of external ids. */
  readonly sessions: Pick<SessionManager, "revokeExternal" | "revokeUser">
  /**
   * Verifies the token's signature and algorithm with the provider's keys, and resolves to its claims; rejects when it is not good,
   * or with the network's own error (or one with it as `cause`) when the keys cannot be fetched:
   * `async token => (await jwtVerify(token, keys)).payload` with jose.
   */
  readonly verify: (token: string) => Promise<object>
  /** The provider's `iss`, or several. */
  readonly issuer: string | readonly string[]
  /** This application's `client_id`. */
  readonly audience: string
  /**
   * Your user of a provider's subject, for tokens that name no session: all sessions of the user are ended. `undefined` when
   * there is none. Without it such tokens are refused.
   */
  readonly userOf?: (sub: string, issuer: string) => string | undefined | Promise<string | undefined>
  /** Refuses a token that has ended its sessions already. Default: not asked. */
  readonly usedTokens?: UsedLogoutTokens
  /** How far the provider's clock may be off. Default 30 s. */
  readonly tolerance?: Duration
  /** How old a token may be. Default 5 min. */
  readonly maxAge?: Duration
  /**
   * Told why a logout was refused (`ERR_SESSION_INVALID_ARGUMENT`), or the error by which it failed: the store's, or one of
   * fetching the provider's keys. Default: prints failures to the console.
   */
  readonly onError?: (error: unknown) => void
  /** The clock, in ms since 1970. For tests. */
  readonly now?: () => number
}

/** Remembers the `jti` of logout tokens. One that failed is not added: the provider may send it again. */
export interface UsedLogoutTokens {
  has(jti: string): boolean | Promise<boolean>
  /** Called once its sessions have ended; `until` (ms since 1970) the token would be taken again. */
  add(jti: string, until: number): void | Promise<void>
}

/** A provider's request, as far as it matters. */
export interface BackChannelRequest {
  readonly method: string
  readonly contentType: string | undefined
  readonly body: string
}

export interface BackChannelAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Answers a provider's logout request. Never rejects. */
export type BackChannelLogout = (request: BackChannelRequest) => Promise<BackChannelAnswer>

/**
 * OpenID Connect Back-Channel Logout 1.0: ends the sessions that a provider's logout token names, by `sid` those logged in with
 * `externalId: externalIdOf(iss, sid)`, by `sub` alone all of that user. Answers 200, or 400 with a JSON error (section 2.8). Adapters
 * serve it: `serveBackChannelLogout` of `sojourn/node`, `sojourn/express` and `sojourn/fetch`.
 */
export function backChannelLogout(options: BackChannelLogoutOptions): BackChannelLogout {
  const expected = expectedOf(options)
  const { now = Date.now, onError = printFailure, usedTokens } = options
  return async request => {
    try {
      const claims = judgeClaims(await verified(options, tokenOf(request)), expected, now())
      if (await usedTokens?.has(claims.jti)) throw new Refused("the token has been used before")
      await end(options, claims)
      await usedTokens?.add(claims.jti, claims.expiresAt + expected.tolerance)
      return { status: 200, headers: NO_STORE, body: "" }
    } catch (error) {
      const refused = error instanceof Refused ? error : undefined
      tell(onError, refused ? refusal(refused) : error)
      return refused
        ? failure("invalid_request", refused.message)
        : failure("server_error", "the logout failed")
    }
  }
}

/** What is wrong with `onError` is no reason to leave the provider without an answer. */
function tell(onError: (error: unknown) => void, error: unknown): void {
  const told = async () => await onError(error)
  told().catch((thrown: unknown) => console.error(thrown, error))
}

const MAX_TOKEN_LENGTH = 16_384

function tokenOf({ method, contentType, body }: BackChannelRequest): string {
  if (method !== "POST") throw new Refused("a logout request is a POST")
  if (!/^application\/x-www-form-urlencoded *(;|$)/i.test(contentType ?? ""))
    throw new Refused("a logout request is of type application/x-www-form-urlencoded")
  const [token = "", ...others] = new URLSearchParams(body).getAll("logout_token")
  if (token !== "" && token.length <= MAX_TOKEN_LENGTH && others.length === 0) return token
  throw new Refused("a logout request has one parameter logout_token")
}

async function verified({ verify }: BackChannelLogoutOptions, token: string): Promise<object> {
  try {
    return await verify(token)
  } catch (cause) {
    if (isOutage(cause)) throw cause
    throw new Refused("the token cannot be verified", { cause })
  }
}

async function end(
  { sessions, userOf }: BackChannelLogoutOptions,
  { issuer, sid, sub }: LogoutClaims,
): Promise<void> {
  if (sid !== undefined) {
    await sessions.revokeExternal(externalIdOf(issuer, sid))
    return
  }
  if (!userOf || sub === undefined) throw new Refused("this client ends sessions by sid alone")
  const userId = await userOf(sub, issuer)
  if (userId !== undefined) await sessions.revokeUser(userId)
}

function expectedOf(options: BackChannelLogoutOptions): ExpectedClaims {
  const issuers = typeof options.issuer === "string" ? [options.issuer] : options.issuer
  if (typeof options.verify !== "function")
    throw missing("verify", "a function that verifies a token's signature")
  if (!issuers?.length || !issuers.every(isIssuer)) throw missing("issuer", "the provider's iss")
  if (!options.audience) throw missing("audience", "this application's client_id")
  const { usedTokens } = options
  if (usedTokens && !(typeof usedTokens.has === "function" && typeof usedTokens.add === "function"))
    throw missing("usedTokens with has and add", "both functions, or leave it out")
  return {
    issuers,
    audience: options.audience,
    tolerance: milliseconds(options.tolerance ?? "30s", "tolerance"),
    maxAge: milliseconds(options.maxAge ?? "5m", "maxAge"),
  }
}

const isIssuer = (issuer: unknown): boolean =>
  typeof issuer === "string" && issuer.length > 0 && !issuer.includes("#")

const NO_STORE = { "Cache-Control": "no-store" }

const failure = (error: string, description: string): BackChannelAnswer => ({
  status: 400,
  headers: { ...NO_STORE, "Content-Type": "application/json" },
  body: JSON.stringify({ error, error_description: description }),
})

const refusal = ({ cause, message }: Refused): SessionError =>
  new SessionError("ERR_SESSION_INVALID_ARGUMENT", `a back-channel logout was refused: ${message}`, cause)

/** Anybody can send what is refused. */
const printFailure = (error: unknown): void => {
  if (!(error instanceof SessionError) || error.code !== "ERR_SESSION_INVALID_ARGUMENT") console.error(error)
}

const missing = (option: string, what: string): SessionError =>
  new SessionError("ERR_SESSION_CONFIG", `backChannelLogout needs ${option}: give ${what}`)
