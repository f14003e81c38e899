import type { Delivery } from "../core/state.ts"
import { cookieValues } from "./cookie-header.ts"
import { type CookieOptions, type ResolvedCookie, resolveCookie } from "./cookie-options.ts"
import { type OpenedToken, plainTokens, type TokenProtection } from "./token-protection.ts"

/** RFC 6265bis, 5.5: browsers keep no cookie longer. */
const MAX_AGE_SECONDS = 400 * 86_400
const LONG_AGO = "Thu, 01 Jan 1970 00:00:00 GMT"

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
    const { name, secure } = this.cookie
    const attributes =
      this.#attributes + (secure === true || (secure === "auto" && secureConnection) ? "; Secure" : "")
    if (delivery.kind === "clear") return `${name}=; Max-Age=0; Expires=${LONG_AGO}${attributes}`
    const token = this.#protection.wrap(delivery.token)
    if (!delivery.persistent) return `${name}=${token}${attributes}`
    const age = Math.min(Math.max(Math.floor((delivery.expiresAt - now) / 1000), 0), MAX_AGE_SECONDS)
    const expires = new Date(now + age * 1000).toUTCString()
    return `${name}=${token}; Max-Age=${age}; Expires=${expires}${attributes}`
  }
}

const SAME_SITE = { strict: "Strict", lax: "Lax", none: "None" } as const

function attributesOf({ path, domain, sameSite, partitioned }: ResolvedCookie): string {
  const parts = [`Path=${path}`, "HttpOnly", `SameSite=${SAME_SITE[sameSite]}`]
  if (domain !== undefined) parts.push(`Domain=${domain}`)
  if (partitioned) parts.push("Partitioned")
  return `; ${parts.join("; ")}`
}
