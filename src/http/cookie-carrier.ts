import type { Delivery } from "../core/state.ts"
import { attributesOf, EXPIRED, secureAttribute } from "./cookie-attributes.ts"
import { cookieValues } from "./cookie-header.ts"
import { type CookieOptions, type ResolvedCookie, resolveCookie } from "./cookie-options.ts"
import { joined, split } from "./sealing/chunks.ts"
import { MALFORMED, type OpenedToken, plainTokens, type TokenProtection } from "./token-protection.ts"

/** RFC 6265bis, 5.5: browsers keep no cookie longer. */
const MAX_AGE_SECONDS = 400 * 86_400

/** Carries the token in a cookie. */
export class CookieCarrier {
  readonly cookie: ResolvedCookie
  readonly #protection: TokenProtection
  readonly #attributes: string
  /** How many cookies a token may take. */
  readonly #chunks: number

  constructor(cookie: CookieOptions = {}, protection: TokenProtection = plainTokens) {
    this.cookie = resolveCookie(cookie)
    this.#protection = protection
    this.#attributes = attributesOf(this.cookie)
    this.#chunks = protection.chunks ?? 1
  }

  /** The token; of several cookies of the name, the first good one. `undefined` without any. */
  read(header: string | undefined): OpenedToken | undefined {
    if (header === undefined) return undefined
    const { name } = this.cookie
    const values = this.#chunks > 1 ? joined(header, this.#chunks, name) : cookieValues(header, name)
    const [first] = values
    if (first === undefined) return undefined
    if (values.length === 1 && this.#protection.openSole) return this.#protection.openSole(first) ?? MALFORMED
    for (const value of values) {
      const opened = this.#protection.open(value)
      if (opened) return opened
    }
    return MALFORMED
  }

  /** The `Set-Cookie` values, one for each cookie that a token may take. */
  writeAll(delivery: Delivery, secureConnection: boolean, now: number): string[] {
    if (this.#chunks === 1) return [this.write(delivery, secureConnection, now)]
    const text = delivery.kind === "clear" ? undefined : this.#protection.wrap(delivery.token)
    const life = lifeOf(delivery, now)
    const attributes = this.#attributes + secureAttribute(this.cookie, secureConnection)
    return split(text, this.#chunks, this.cookie.name).map(([name, value]) =>
      value === undefined ? `${name}=${EXPIRED}${attributes}` : `${name}=${value}${life}${attributes}`,
    )
  }

  /** The `Set-Cookie` value. A cookie is deleted with the very attributes it was set with. */
  write(delivery: Delivery, secureConnection: boolean, now: number): string {
    const { name } = this.cookie
    const attributes = this.#attributes + secureAttribute(this.cookie, secureConnection)
    const value = delivery.kind === "clear" ? "" : this.#protection.wrap(delivery.token)
    return `${name}=${value}${lifeOf(delivery, now)}${attributes}`
  }
}

/** The attributes that say how long the browser keeps it; none where it ends with the browser. */
function lifeOf(delivery: Delivery, now: number): string {
  if (delivery.kind === "clear") return EXPIRED
  if (!delivery.persistent) return ""
  const age = Math.min(Math.max(Math.floor((delivery.expiresAt - now) / 1000), 0), MAX_AGE_SECONDS)
  const expires = new Date(now + age * 1000).toUTCString()
  return `; Max-Age=${age}; Expires=${expires}`
}
