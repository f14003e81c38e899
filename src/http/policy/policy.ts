import type { ManagerPolicy } from "../../core/policy.ts"
import type { CarrierKind } from "../carriers/carrier.ts"
import type { CarrierOption } from "../carriers/options.ts"
import type { ResolvedCookie } from "../cookie-options.ts"
import type { Edge, EdgeOptions } from "../edge.ts"
import type { TokenKind } from "../token-protection.ts"
import type { TrustProxy } from "../trusted-proxies.ts"

/** How sessions are handled, defaults included (ASVS 7.1.1, 7.1.2): a plain object without keys and credentials. */
export interface SessionPolicy extends ManagerPolicy {
  /** The kind of store, such as `sqlite`, without where it is. */
  readonly store: string
  /** Whether a near cache keeps sessions in this process's memory. */
  readonly nearCache: boolean
  /** In order of precedence, with the name of each: the cookie's, the header's, the parameter's. */
  readonly carriers: readonly { readonly kind: CarrierKind; readonly name: string }[]
  /** Where a new session's token goes. */
  readonly issueBy: CarrierKind | "depends on the request"
  /** `undefined` where no cookie is used. */
  readonly cookie: (ResolvedCookie & { readonly httpOnly: true }) | undefined
  readonly csrf: {
    readonly originCheck: "on" | "report-only" | "off"
    readonly trustedOrigins: readonly string[]
    readonly sameSite: "refuse" | "allow"
    /** Whether a function lets some requests pass. */
    readonly exemptions: boolean
  }
  readonly token: TokenKind
  readonly trustProxy: TrustProxy
}

/** What the edge adds to a manager's policy. */
export type EdgePolicy = Omit<SessionPolicy, keyof ManagerPolicy | "store" | "nearCache">

export function edgePolicy(edge: Edge, options: Omit<EdgeOptions, "keys">): EdgePolicy {
  const { carriers = ["cookie"], csrf, issueBy, token = "plain", trustProxy = false } = options
  const { kinds } = edge.carriers
  const { cookie } = edge.carrier
  return {
    carriers: carriers.map((option, index) => ({
      kind: kinds[index] ?? "cookie",
      name: nameOf(option, cookie.name),
    })),
    issueBy: typeof issueBy === "function" ? "depends on the request" : (issueBy ?? kinds[0] ?? "cookie"),
    cookie: kinds.includes("cookie") ? { ...cookie, httpOnly: true } : undefined,
    csrf: csrfPolicy(csrf),
    token,
    trustProxy,
  }
}

/** What to call an open store: the name of its class. */
export function storeKind(store: object): string {
  const { name } = Object(Object.getPrototypeOf(store)?.constructor)
  return typeof name === "string" && name !== "" && name !== "Object"
    ? name
    : "a store of the application's own"
}

function nameOf(option: CarrierOption, cookie: string): string {
  if (option === "cookie") return cookie
  if (option === "header") return "Authorization: Bearer"
  return "header" in option ? option.header : option.urlParameter
}

function csrfPolicy(csrf: EdgeOptions["csrf"] = {}): SessionPolicy["csrf"] {
  if (csrf === false) return { originCheck: "off", trustedOrigins: [], sameSite: "refuse", exemptions: false }
  return {
    originCheck: csrf.reportOnly ? "report-only" : "on",
    trustedOrigins: [...(csrf.trustedOrigins ?? [])],
    sameSite: csrf.sameSite ?? "refuse",
    exemptions: csrf.exempt !== undefined,
  }
}
