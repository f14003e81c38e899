import type { Delivery } from "../core/state.ts"
import { parseToken } from "../core/token.ts"
import { cookieValues } from "./cookie-header.ts"
import { type CookieOptions, type ResolvedCookie, resolveCookie } from "./cookie-options.ts"

/** RFC 6265bis, 5.5: browsers keep no cookie longer. */
const MAX_AGE_SECONDS = 400 * 86_400
const LONG_AGO = "Thu, 01 Jan 1970 00:00:00 GMT"

/** Carries the token in a cookie. */
export class CookieCarrier {
  readonly cookie: ResolvedCookie
  readonly #attributes: string

  constructor(options?: CookieOptions) {
    this.cookie = resolveCookie(options)
    this.#attributes = attributesOf(this.cookie)
  }

  /** The token text, or what stands in its place. Of several cookies of the name, the first well-formed one. */
  read(header: string | undefined): string | undefined {
    if (header === undefined) return undefined
    const values = cookieValues(header, this.cookie.name)
    return values.length > 1 ? (values.find(value => parseToken(value)) ?? values[0]) : values[0]
  }

  /** The `Set-Cookie` value. A cookie is deleted with the very attributes it was set with. */
  write(delivery: Delivery, secureConnection: boolean, now: number): string {
    const { name, secure } = this.cookie
    const attributes =
      this.#attributes + (secure === true || (secure === "auto" && secureConnection) ? "; Secure" : "")
    if (delivery.kind === "clear") return `${name}=; Max-Age=0; Expires=${LONG_AGO}${attributes}`
    if (!delivery.persistent) return `${name}=${delivery.token}${attributes}`
    const age = Math.min(Math.max(Math.floor((delivery.expiresAt - now) / 1000), 0), MAX_AGE_SECONDS)
    const expires = new Date(now + age * 1000).toUTCString()
    return `${name}=${delivery.token}; Max-Age=${age}; Expires=${expires}${attributes}`
  }
}

const SAME_SITE = { strict: "Strict", lax: "Lax", none: "None" } as const

function attributesOf({ path, domain, sameSite, partitioned }: ResolvedCookie): string {
  const parts = [`Path=${path}`, "HttpOnly", `SameSite=${SAME_SITE[sameSite]}`]
  if (domain !== undefined) parts.push(`Domain=${domain}`)
  if (partitioned) parts.push("Partitioned")
  return `; ${parts.join("; ")}`
}
