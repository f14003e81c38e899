import { SessionError } from "../../contract/errors.ts"
import type { CarriedRequest, CarrierKind } from "./carrier.ts"

/** Carries tokens in the URL, where histories, logs and shared links show them. */
export interface UrlCarrierOption {
  /** The query's parameter. */
  readonly urlParameter: string
  /** Has to be `true`, so that nobody gets this by accident (ASVS 14.2.1). */
  readonly allowTokensInUrls: true
}

/**
 * `"cookie"`; `"header"`: `Authorization: Bearer <token>`; `{ header }`: a header of that name, such as `X-Session-Token`;
 * or the URL.
 */
export type CarrierOption = "cookie" | "header" | { readonly header: string } | UrlCarrierOption

/** Which carrier a new session takes whose client has sent no token. */
export type IssueBy = CarrierKind | ((request: CarriedRequest) => CarrierKind)

/** A carrier that is to be made. `name` is the header's or the parameter's. */
export interface CarrierPlan {
  readonly kind: CarrierKind
  readonly name: string | undefined
}

/** Headers that mean something else already, to clients, servers, caches or this library: a name, or how it begins. */
const TAKEN = new RegExp(
  `^(${[
    "age|allow|alt-svc|connection|cookie2?|date|dnt|early-data|etag|expect|expires|from|host|keep-alive|last-modified|link",
    "location|max-forwards|nel|origin|pragma|priority|range|referer|refresh|retry-after|server|set-cookie2?|te|trailer",
    "transfer-encoding|upgrade|user-agent|vary|via|warning|www-authenticate|x-csrf-token|x-http-method-override|x-powered-by",
    "(authentication|cache|clear|cross-origin|permissions|referrer|report|reporting|server|strict|x-content|x-frame)-.+",
    "(accept|access-control|content|cf|if|proxy|sec|x-forwarded|x-real)-.+|accept|forwarded|ratelimit(-.+)?|upgrade-.+",
  ].join("|")})$`,
  "i",
)
const HEADER = /^[A-Za-z][A-Za-z0-9-]{0,63}$/
const PARAMETER = /^[A-Za-z][\w-]{0,31}$/

/** The carriers in their order. What is wrong or contradicts itself throws `ERR_SESSION_CONFIG`. */
export function carrierPlans(options: readonly CarrierOption[], issueBy: IssueBy | undefined): CarrierPlan[] {
  if (!(options?.length > 0)) throw wrong("carriers is empty", 'give at least one, such as "cookie"')
  const plans = options.map(planOf)
  const kinds = plans.map(({ kind }) => kind)
  if (new Set(kinds).size < kinds.length)
    throw wrong(`carriers names ${kinds.join(", ")}`, "give one of each kind at most")
  if (issueBy !== undefined && typeof issueBy !== "function" && !kinds.includes(issueBy)) {
    throw wrong(
      `issueBy is ${JSON.stringify(issueBy)}, which carriers does not name`,
      `give ${kinds.join(" or ")}`,
    )
  }
  return plans
}

function planOf(option: CarrierOption): CarrierPlan {
  if (option === "cookie" || option === "header") return { kind: option, name: undefined }
  if (typeof option === "object" && option !== null) {
    if ("header" in option) return headerPlan(option.header)
    if ("urlParameter" in option) return urlPlan(option)
  }
  throw wrong(
    `carriers has ${JSON.stringify(option)}`,
    'give "cookie", "header", { header: "X-Session-Token" } or { urlParameter: "sid", allowTokensInUrls: true }',
  )
}

function headerPlan(name: string): CarrierPlan {
  if (typeof name !== "string" || !HEADER.test(name) || TAKEN.test(name)) {
    throw wrong(
      `carriers: the header ${JSON.stringify(name)} cannot carry a token`,
      'use one such as "X-Session-Token"',
    )
  }
  if (name.toLowerCase() !== "authorization") return { kind: "header", name }
  throw wrong(
    'carriers: { header: "Authorization" } would have no scheme',
    'say "header", which is Authorization: Bearer',
  )
}

function urlPlan({ urlParameter, allowTokensInUrls }: UrlCarrierOption): CarrierPlan {
  if (typeof urlParameter !== "string" || !PARAMETER.test(urlParameter)) {
    throw wrong(
      `carriers: urlParameter is ${JSON.stringify(urlParameter)}`,
      'give a plain name, such as "sid"',
    )
  }
  if (allowTokensInUrls === true) return { kind: "url", name: urlParameter }
  throw wrong(
    "carriers: tokens in URLs end up in histories, logs and shared links",
    "use a cookie or a header, or, if you must, add allowTokensInUrls: true",
  )
}

export const wrong = (what: string, remedy: string): SessionError =>
  new SessionError("ERR_SESSION_CONFIG", `${what}: ${remedy}`)
