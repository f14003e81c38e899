import type { Delivery } from "../../core/state.ts"
import { MALFORMED, type OpenedToken, type TokenProtection } from "../token-protection.ts"
import type { CarriedRequest, Carrier } from "./carrier.ts"

/**
 * Carries the token in a parameter of the URL's query. It opens sessions for GET and HEAD only. Nothing is answered: the next
 * token travels in the links that `sessionUrl` writes.
 */
export class UrlCarrier implements Carrier {
  readonly kind = "url"
  readonly varies = undefined
  readonly parameter: string
  readonly #protection: TokenProtection

  constructor(parameter: string, protection: TokenProtection) {
    this.parameter = parameter
    this.#protection = protection
  }

  read(request: CarriedRequest): OpenedToken | undefined {
    if (request.method !== "GET" && request.method !== "HEAD") return undefined
    const text = this.textIn(request)
    return text === undefined ? undefined : (this.#protection.open(text) ?? MALFORMED)
  }

  /** What the URL has for a token. */
  textIn({ url }: CarriedRequest): string | undefined {
    const query = url.indexOf("?")
    if (query === -1) return undefined
    const [pair] = pairsOf(url.slice(query + 1)).filter(each => nameOf(each) === this.parameter)
    return pair?.slice(this.parameter.length + 1)
  }

  write(): undefined {
    return undefined
  }

  wrap(delivery: Delivery): string | undefined {
    return delivery.kind === "issue" ? this.#protection.wrap(delivery.token) : undefined
  }

  /** The link with this token as the parameter's only value; unchanged unless it is relative and stays on this site. */
  rewrite(link: string, text: string): string {
    return isRelative(link) ? this.#withPairs(link, [`${this.parameter}=${text}`]) : link
  }

  /** The URL without any token. */
  without(url: string): string {
    return url.includes("?") ? this.#withPairs(url, []) : url
  }

  #withPairs(url: string, pairs: readonly string[]): string {
    const [, path = "", query = "", fragment = ""] = /^([^?#]*)(\?[^#]*)?(#.*)?$/s.exec(url) ?? []
    const others = pairsOf(query.slice(1)).filter(pair => pair !== "" && nameOf(pair) !== this.parameter)
    const all = [...others, ...pairs]
    return path + (all.length > 0 ? `?${all.join("&")}` : "") + fragment
  }
}

const pairsOf = (query: string): string[] => query.split("&")
const nameOf = (pair: string): string => pair.split("=", 1)[0] ?? ""

/** No scheme, no host, nothing that a browser would read as one of them, and no mere fragment. */
function isRelative(link: string): boolean {
  if (link === "" || link.startsWith("#") || /[\\\p{Cc}]|^\s/u.test(link)) return false
  return !/^[a-z][a-z0-9+.-]*:|^\/\//i.test(link)
}
