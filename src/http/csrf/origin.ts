import { SessionError } from "../../contract/errors.ts"

/** How requests from other sites are refused, without tokens. */
export interface OriginCheckOptions {
  /** Origins that may send unsafe requests, such as `https://pay.example.com`. Compared whole. */
  readonly trustedOrigins?: readonly string[]
  /** Whether other hosts of the same site may: `refuse` (default), as one careless subdomain would be enough. */
  readonly sameSite?: "refuse" | "allow"
  /** Lets single requests pass, such as the answer of an identity provider that comes by a form post. */
  readonly exempt?: (request: UnsafeRequest) => boolean
  /** `true`: refuses nothing, and only tells by the event `crossOrigin`, to try the check on a running site. */
  readonly reportOnly?: boolean
}

/** What the check looks at. */
export interface UnsafeRequest {
  readonly method: string
  /** The path with its query. */
  readonly url: string
  readonly host: string | undefined
  /** Whether the client's connection is known to be encrypted. */
  readonly secure: boolean
  readonly origin: string | undefined
  readonly secFetchSite: string | undefined
}

/** Whether the method may change something, so that the request's origin matters. */
export const isUnsafe = (method: string | undefined): boolean =>
  method !== undefined && !SAFE_METHODS.has(method)

const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"])

/**
 * Tells requests that a page of another origin made the browser send (ASVS 3.5.1), by the algorithm of Go 1.25's
 * `CrossOriginProtection`: `Sec-Fetch-Site` where the browser sends it, else `Origin` against the request's own.
 */
export class OriginCheck {
  readonly reportOnly: boolean
  readonly #trusted: ReadonlySet<string>
  readonly #sameSite: boolean
  readonly #exempt: ((request: UnsafeRequest) => boolean) | undefined

  constructor(options: OriginCheckOptions = {}) {
    this.#trusted = new Set((options.trustedOrigins ?? []).map(checkedOrigin))
    this.#sameSite = allowsSameSite(options.sameSite)
    this.#exempt = options.exempt
    this.reportOnly = options.reportOnly === true
  }

  /** Whether the request may pass. */
  allows(request: UnsafeRequest): boolean {
    if (!isUnsafe(request.method) || this.#isOwn(request)) return true
    if (request.origin !== undefined && this.#trusted.has(request.origin)) return true
    return this.#exempt?.(request) === true
  }

  #isOwn(request: UnsafeRequest): boolean {
    const site = request.secFetchSite
    if (site === undefined) return request.origin === undefined || isOwnOrigin(request, request.origin)
    return site === "same-origin" || site === "none" || (site === "same-site" && this.#sameSite)
  }
}

/**
 * Compares whole serialised origins. Over a connection that is not known to be encrypted, `https` passes as well: a proxy in
 * front may have ended it.
 */
function isOwnOrigin({ host, secure }: UnsafeRequest, origin: string): boolean {
  if (host === undefined) return false
  const own = host.toLowerCase()
  return origin === `https://${own}` || (!secure && origin === `http://${own}`)
}

function checkedOrigin(origin: string): string {
  if (URL.canParse(origin) && new URL(origin).origin === origin) return origin
  throw new SessionError(
    "ERR_SESSION_CONFIG",
    `csrf.trustedOrigins: ${JSON.stringify(origin)} is no origin: write scheme, host and a port other than the usual one, ` +
      'in small letters and without a path, as in "https://pay.example.com"',
  )
}

function allowsSameSite(sameSite: "refuse" | "allow" = "refuse"): boolean {
  if (sameSite === "refuse" || sameSite === "allow") return sameSite === "allow"
  throw new SessionError(
    "ERR_SESSION_CONFIG",
    `csrf.sameSite is ${JSON.stringify(sameSite)}: give "refuse" or "allow"`,
  )
}
