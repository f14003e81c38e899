import { SessionError } from "../contract/errors.ts"
import type { SessionEvents } from "../core/events.ts"
import type { Delivery } from "../core/state.ts"
import { CookieCarrier } from "./cookie-carrier.ts"
import { type CookieOptions, resolveCookie } from "./cookie-options.ts"
import { OriginCheck, type OriginCheckOptions, type UnsafeRequest } from "./csrf/origin.ts"
import { type TokenKind, type TokenProtection, tokenProtection } from "./token-protection.ts"
import { type Peer, TrustedProxies, type TrustProxy } from "./trusted-proxies.ts"

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
}

/** The headers that tell a client of its token. */
export interface TokenHeaders {
  readonly setCookie: string
  /** A response that sets a cookie must stay out of every cache (ASVS 14.3.2). */
  readonly cacheControl: "no-store"
}

/** What every adapter needs at the HTTP edge, made once and checked at the start. */
export class Edge {
  readonly carrier: CookieCarrier
  readonly proxies: TrustedProxies
  /** `undefined` when it has been switched off. */
  readonly originCheck: OriginCheck | undefined
  readonly #now: () => number
  #warned = false

  constructor(options: EdgeOptions = {}, now: () => number = Date.now, protection = protectionFor(options)) {
    this.carrier = new CookieCarrier(options.cookie, protection)
    this.originCheck = options.csrf === false ? undefined : new OriginCheck(options.csrf)
    this.proxies = new TrustedProxies(options.trustProxy)
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

  /** The headers for a delivery. Warns once when the browser is going to drop, or to expose, the cookie. */
  headersFor(delivery: Delivery, peer: Peer, host: string | undefined): TokenHeaders {
    const secure = this.proxies.isSecure(peer)
    if (!secure && delivery.kind === "issue") this.#warnOnce(peer, host)
    return { setCookie: this.carrier.write(delivery, secure, this.#now()), cacheControl: "no-store" }
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
