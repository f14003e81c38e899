import { SessionError } from "../contract/errors.ts"
import type { SessionEvents } from "../core/events.ts"
import type { SessionState } from "../core/state.ts"
import type { HeaderLine } from "./carriers/carrier.ts"
import { Carriers } from "./carriers/carriers.ts"
import type { CarrierOption, IssueBy } from "./carriers/options.ts"
import type { Presented } from "./carriers/presented.ts"
import { clearSiteDataHeader, type SiteData, withoutCookies } from "./clear-site-data.ts"
import { CookieCarrier } from "./cookie-carrier.ts"
import { type CookieOptions, resolveCookie } from "./cookie-options.ts"
import { OriginCheck, type OriginCheckOptions, type UnsafeRequest } from "./csrf/origin.ts"
import { type TokenKind, type TokenProtection, tokenProtection } from "./token-protection.ts"
import { type Peer, TrustedProxies, type TrustProxy } from "./trusted-proxies.ts"
import { VersionCookie } from "./version-cookie.ts"

/** How sessions meet HTTP. */
export interface EdgeOptions {
  readonly cookie?: CookieOptions
  readonly trustProxy?: TrustProxy
  /** How unsafe requests from other sites are told; `false`: not at all, when something else does. */
  readonly csrf?: OriginCheckOptions | false
  /**
   * What the client sees of its token: `plain` (default), `signed`, so that a forged one never reaches the store, or `encrypted`,
   * so that it does not even show the session's id. The latter two need `keys`.
   */
  readonly token?: TokenKind
  /** The application's keys, newest first: each 32 random bytes as base64url, see `generateKey`. */
  readonly keys?: readonly string[]
  /**
   * What the browser is told to forget at logout, by the header `Clear-Site-Data`; `true`: `cache` and `storage`. Default: its
   * cookie alone. `cookies` takes all cookies of the site, those of other hosts of its domain too.
   */
  readonly clearSiteData?: boolean | readonly SiteData[]
  /** How the token travels, in order of precedence: the first that has one decides. Default `["cookie"]`. */
  readonly carriers?: readonly CarrierOption[]
  /** Which of them a new session takes when its client has sent no token. Default: the first. */
  readonly issueBy?: IssueBy
}

/** The headers that tell a client what to carry. */
export interface TokenHeaders {
  readonly setCookie: readonly string[]
  /** The header with the token, for clients that carry it in one. */
  readonly token: HeaderLine | undefined
  /** A response that sets a cookie must stay out of every cache (ASVS 14.3.2). */
  readonly cacheControl: "no-store"
  /** What else the browser has to forget, as the session was logged out (ASVS 14.3.1). */
  readonly clearSiteData: string | undefined
}

/** What every adapter needs at the HTTP edge, made once and checked at the start. */
export class Edge {
  readonly carrier: CookieCarrier
  readonly carriers: Carriers
  /** `undefined` where clients carry no version. */
  readonly versions: VersionCookie | undefined
  readonly proxies: TrustedProxies
  /** `undefined` when it has been switched off. */
  readonly originCheck: OriginCheck | undefined
  readonly #now: () => number
  readonly #clearSiteData: string | undefined
  #warned = false

  constructor(
    options: EdgeOptions = {},
    now: () => number = Date.now,
    protection = protectionFor(options),
    carriesVersion = false,
  ) {
    this.carrier = new CookieCarrier(options.cookie, protection)
    this.versions = carriesVersion ? new VersionCookie(this.carrier.cookie) : undefined
    const { carriers, issueBy } = options
    this.carriers = new Carriers({ carriers, issueBy }, this.carrier, protection, this.versions)
    checkCookie(options, this.carriers)
    this.originCheck = options.csrf === false ? undefined : new OriginCheck(options.csrf)
    this.proxies = new TrustedProxies(options.trustProxy)
    this.#clearSiteData = clearSiteDataHeader(options.clearSiteData)
    this.#now = now
  }

  /** Refuses an unsafe request from another site: `ERR_SESSION_CROSS_ORIGIN` (ASVS 3.5.1), unless only a report is wanted. */
  assertSameOrigin(request: UnsafeRequest, report: (event: SessionEvents["crossOrigin"]) => void): void {
    if (!this.originCheck || this.originCheck.allows(request)) return
    const { method, origin, url } = request
    report({ method, path: url.split("?", 1)[0] ?? "", origin })
    if (this.originCheck.reportOnly) return
    throw new SessionError(
      "ERR_SESSION_CROSS_ORIGIN",
      `this ${method} came from a page of ${origin ?? "another site"}: if that site may send it, name it in csrf.trustedOrigins`,
    )
  }

  /**
   * Takes out of the state what the client has to be told; `undefined` when that is nothing. Warns once when the browser is
   * going to drop, or to expose, the cookie.
   */
  take(
    state: SessionState,
    presented: Presented,
    peer: Peer,
    host: string | undefined,
  ): TokenHeaders | undefined {
    const { delivery } = state
    if (!state.hasNews) return undefined
    if (presented.carrier.kind !== "cookie") return this.#takeWithoutCookie(state, presented)
    const secure = this.proxies.isSecure(peer)
    if (!secure && delivery?.kind === "issue") this.#warnOnce(peer, host)
    const token = delivery ? this.carrier.writeAll(delivery, secure, this.#now()) : []
    const version = this.versions?.write(state, secure)
    const clearing = delivery?.kind === "issue" ? withoutCookies(this.#clearSiteData) : this.#clearSiteData
    const clearSiteData = state.loggedOut ? clearing : undefined
    state.told()
    return {
      setCookie: version === undefined ? token : [...token, version],
      token: undefined,
      cacheControl: "no-store",
      clearSiteData,
    }
  }

  /** Versions are told to cookies alone: other clients are always answered by the store. */
  #takeWithoutCookie(state: SessionState, presented: Presented): TokenHeaders | undefined {
    const { delivery, loggedOut } = state
    state.told()
    if (!delivery && !loggedOut) return undefined
    if (delivery) presented.told(delivery)
    return {
      setCookie: [],
      token: delivery && presented.carrier.write(delivery),
      cacheControl: "no-store",
      clearSiteData: loggedOut ? this.#clearSiteData : undefined,
    }
  }

  #warnOnce(peer: Peer, host: string | undefined): void {
    if (this.#warned || this.carrier.cookie.secure === false || isLoopback(host)) return
    const behindTls = peer.forwardedProto?.toLowerCase().startsWith("https") === true
    const always = this.carrier.cookie.secure === true
    if (always && behindTls) return
    this.#warned = true
    process.emitWarning(always ? DROPPED : EXPOSED, { code: "SOJOURN_INSECURE_CONNECTION" })
  }
}

function checkCookie({ cookie }: EdgeOptions, { kinds }: Carriers): void {
  if (cookie === undefined || kinds.includes("cookie")) return
  throw new SessionError(
    "ERR_SESSION_CONFIG",
    'cookie is given, but carriers names none: add "cookie" to carriers, or leave the option cookie out',
  )
}

const protectionFor = ({ cookie, keys, token }: EdgeOptions): TokenProtection =>
  tokenProtection(token, keys, resolveCookie(cookie).name)

const DROPPED =
  "a session cookie with Secure was sent over plain http, where browsers drop it, so each request begins a new session: " +
  'serve https (a proxy in front may do it), or set cookie.secure to "auto"'
const EXPOSED =
  "a session cookie was sent without Secure, as the connection is plain http: serve https; behind a proxy that does, " +
  "set trustProxy, so that its X-Forwarded-Proto is believed"

const isLoopback = (host: string | undefined): boolean =>
  host !== undefined && /^(localhost|[a-z0-9.-]+\.localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/i.test(host)
