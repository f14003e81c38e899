import type { SessionState } from "../core/state.ts"
import { attributesOf, EXPIRED, secureAttribute } from "./cookie-attributes.ts"
import { cookieValues } from "./cookie-header.ts"
import type { ResolvedCookie } from "./cookie-options.ts"

const SYNTAX = /^[1-9][0-9]{0,14}$/

/**
 * The version of the session that a browser has seen (G5). It has a cookie of its own beside the token's, since answers
 * overtake each other: one that is late must not bring back a token that has been replaced. It opens nothing, and a false one
 * costs a read of the store.
 */
export class VersionCookie {
  readonly #cookie: ResolvedCookie
  readonly #name: string
  readonly #attributes: string

  constructor(cookie: ResolvedCookie) {
    this.#cookie = cookie
    this.#name = `${cookie.name}-v`
    this.#attributes = attributesOf(cookie)
  }

  /** The version that the request names; 0 without any. */
  read(header: string | undefined): number {
    if (header === undefined) return 0
    const text = cookieValues(header, this.#name)[0]
    return text !== undefined && SYNTAX.test(text) ? Number(text) : 0
  }

  /** The `Set-Cookie` value that the client needs; `undefined` when what it has is right. It ends with the browser. */
  write(
    { newVersion, delivery }: Pick<SessionState, "newVersion" | "delivery">,
    secureConnection: boolean,
  ): string | undefined {
    const attributes = this.#attributes + secureAttribute(this.#cookie, secureConnection)
    if (newVersion !== undefined) return `${this.#name}=${newVersion}${attributes}`
    return delivery?.kind === "clear" ? `${this.#name}=${EXPIRED}${attributes}` : undefined
  }
}
