import type { Delivery } from "../core/state.ts"
import { attributesOf, EXPIRED, secureAttribute } from "./cookie-attributes.ts"
import { cookieValues } from "./cookie-header.ts"
import { type CookieOptions, type ResolvedCookie, resolveCookie } from "./cookie-options.ts"
import { type OpenedToken, plainTokens, type TokenProtection } from "./token-protection.ts"

/** RFC 6265bis, 5.5: browsers keep no cookie longer. */
const MAX_AGE_SECONDS = 400 * 86_400

/** What stands where a token should: it opens nothing, and the client is told to forget it. */
const MALFORMED: OpenedToken = { token: "", stale: false }

/** Carries the token in a cookie. */
export class CookieCarrier {
  readonly cookie: ResolvedCookie
  readonly #protection: TokenProtection
  readonly #attributes: string

  constructor(cookie: CookieOptions = {}, protection: TokenProtection = plainTokens) {
    this.cookie = resolveCookie(cookie)
    this.#protection = protection
    this.#attributes = attributesOf(this.cookie)
  }

  /** The token; of several cookies of the name, the first good one. `undefined` without any. */
  read(header: string | undefined): OpenedToken | undefined {
    if (header === undefined) return undefined
    const values = cookieValues(header, this.cookie.name)
    for (const value of values) {
      const opened = this.#protection.open(value)
      if (opened) return opened
    }
    return values.length > 0 ? MALFORMED : undefined
  }

  /** The `Set-Cookie` value. A cookie is deleted with the very attributes it was set with. */
  write(delivery: Delivery, secureConnection: boolean, now: number): string {
    const { name } = this.cookie
    const attributes = this.#attributes + secureAttribute(this.cookie, secureConnection)
    if (delivery.kind === "clear") return `${name}=${EXPIRED}${attributes}`
    const token = this.#protection.wrap(delivery.token)
    if (!delivery.persistent) return `${name}=${token}${attributes}`
    const age = Math.min(Math.max(Math.floor((delivery.expiresAt - now) / 1000), 0), MAX_AGE_SECONDS)
    const expires = new Date(now + age * 1000).toUTCString()
    return `${name}=${token}; Max-Age=${age}; Expires=${expires}${attributes}`
  }
}
