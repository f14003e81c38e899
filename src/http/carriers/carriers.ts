import type { CookieCarrier } from "../cookie-carrier.ts"
import type { OpenedToken, TokenProtection } from "../token-protection.ts"
import type { VersionCookie } from "../version-cookie.ts"
import type { CarriedRequest, Carrier, CarrierKind, HeaderLine } from "./carrier.ts"
import { CookieWay } from "./cookie-way.ts"
import { HeaderCarrier } from "./header-carrier.ts"
import { type CarrierOption, type CarrierPlan, carrierPlans, type IssueBy, wrong } from "./options.ts"
import { Presented } from "./presented.ts"
import { UrlCarrier } from "./url-carrier.ts"

/** A version that no session has: who cannot say which one they have seen is answered by the store (G5). */
const NEWEST = Number.MAX_SAFE_INTEGER

export interface CarriersOptions {
  readonly carriers: readonly CarrierOption[] | undefined
  readonly issueBy: IssueBy | undefined
}

/** The carriers in their order of precedence. */
export class Carriers {
  readonly kinds: readonly CarrierKind[]
  /** What every answer has to say; nothing where the cookie is the only carrier. */
  readonly standing: readonly HeaderLine[]
  readonly #carriers: readonly Carrier[]
  readonly #url: UrlCarrier | undefined
  readonly #versions: VersionCookie | undefined
  readonly #issueBy: IssueBy | undefined

  constructor(
    { carriers = ["cookie"], issueBy }: CarriersOptions,
    cookie: CookieCarrier,
    protection: TokenProtection,
    versions: VersionCookie | undefined,
  ) {
    this.#carriers = carrierPlans(carriers, issueBy).map(plan => made(plan, cookie, protection))
    this.kinds = this.#carriers.map(({ kind }) => kind)
    this.#url = this.#carriers.find(carrier => carrier instanceof UrlCarrier)
    this.#versions = versions
    this.#issueBy = issueBy
    this.standing = this.kinds.join() === "cookie" ? [] : standingOf(this.#carriers, this.#url !== undefined)
    if (this.#url) process.emitWarning(TOKENS_IN_URLS, { code: "SOJOURN_TOKENS_IN_URLS" })
  }

  /** The first carrier that has a token decides, be it a good one or not. Without any, the one for new sessions. */
  present(request: CarriedRequest): Presented {
    for (const carrier of this.#carriers) {
      const found = carrier.read(request)
      if (found) return this.#presented(carrier, request, found)
    }
    return this.#presented(this.#issuing(request), request)
  }

  #presented(carrier: Carrier, request: CarriedRequest, token?: OpenedToken): Presented {
    const url = this.#url
    if (carrier.kind === "cookie")
      return new Presented({
        carrier,
        token,
        url,
        version: this.#versions?.read(request.header("cookie")) ?? 0,
      })
    const carried = token?.token ? url?.textIn(request) : undefined
    return new Presented({ carrier, token, url, version: NEWEST, carried })
  }

  /** A form that was posted from a page with the token in its URL is answered by the URL. */
  #issuing(request: CarriedRequest): Carrier {
    if (this.#url?.textIn(request) !== undefined) return this.#url
    const kind = typeof this.#issueBy === "function" ? this.#issueBy(request) : this.#issueBy
    const chosen = this.#carriers.find(carrier => kind === undefined || carrier.kind === kind)
    if (chosen) return chosen
    throw wrong(
      `issueBy gave ${JSON.stringify(kind)}, which carriers does not name`,
      `give ${this.kinds.join(" or ")}`,
    )
  }
}

function made({ kind, name }: CarrierPlan, cookie: CookieCarrier, protection: TokenProtection): Carrier {
  if (kind === "cookie") return new CookieWay(cookie)
  return kind === "header" ? new HeaderCarrier(name, protection) : new UrlCarrier(name ?? "", protection)
}

function standingOf(carriers: readonly Carrier[], inUrls: boolean): HeaderLine[] {
  const varies = carriers.map(carrier => carrier.varies).filter(name => name !== undefined)
  const vary: HeaderLine[] = varies.length > 0 ? [["Vary", varies.join(", ")]] : []
  return inUrls ? [...vary, ["Referrer-Policy", "no-referrer"]] : vary
}

const TOKENS_IN_URLS =
  "session tokens may travel in URLs, which histories, logs and shared links show: keep them out of your logs, and prefer " +
  "a cookie or a header (ASVS 14.2.1)"
