import { type Duration, milliseconds } from "../../core/duration.ts"
import type { Session } from "../../core/session.ts"
import { isUnsafe } from "../csrf/origin.ts"
import { CSRF_FIELD, CSRF_HEADER, isCsrfToken } from "../csrf/token.ts"
import {
  type AnyGuard,
  type Guard,
  type GuardedRequest,
  problem,
  type Refusal,
  redirect,
  wantsPage,
} from "./guard.ts"
import { withReturnPath } from "./return-path.ts"

/** Where a person is sent to log in. Without it, persons get the same 401 as programs. */
export interface LoginPageOptions {
  readonly loginPage?: string
  /** The query parameter that tells the login page where to come back to. Default `returnTo`. */
  readonly returnParameter?: string
}

export interface FreshOptions extends LoginPageOptions {
  /** How long ago the user may have proved who they are. */
  readonly within: Duration
  /** Methods (RFC 8176) of which the login must have used every one, such as `["otp"]` for a second factor. */
  readonly methods?: readonly string[]
  /** The clock, in ms since 1970. For tests. */
  readonly now?: () => number
}

/** Turns away whoever has no stored session: 401. */
export const requireSession = (): AnyGuard => session =>
  session.isStored ? undefined : problem(401, "A session is required")

/** Turns away whoever is not logged in: a person to the login page, a program with 401. */
export const requireUser =
  (options: LoginPageOptions = {}): AnyGuard =>
  (session, request) =>
    session.userId === undefined ? toLogin(request, options, "Login is required") : undefined

/**
 * Turns away whoever did not log in lately, or not with these methods (step-up; ASVS 7.5.1, 7.5.3): a person to the login page, a
 * program with 401 and the challenge of RFC 9470.
 */
export function requireFresh(options: FreshOptions): AnyGuard {
  const { methods = [], now = Date.now } = options
  const within = milliseconds(options.within, "within")
  return (session, request) => {
    const { authenticatedAt, info } = session
    const fresh = authenticatedAt !== undefined && now() - authenticatedAt < within
    if (fresh && methods.every(method => info?.methods.includes(method))) return undefined
    const challenge = `Bearer error="insufficient_user_authentication", max_age=${Math.floor(within / 1000)}`
    return toLogin(request, options, "A fresh login is required", { "WWW-Authenticate": challenge })
  }
}

/** Turns away a session for which the predicate is false: 403. For roles and rights. */
export const requireThat =
  <Data extends object>(
    predicate: (session: Session<Data>, request: GuardedRequest) => boolean | Promise<boolean>,
    title = "This is not allowed",
  ): Guard<Data> =>
  async (session, request) =>
    (await predicate(session, request)) ? undefined : problem(403, title)

/** Turns away unsafe requests without the session's anti-forgery token in the field `_csrf` or the header `X-CSRF-Token`: 403. */
export const requireCsrfToken = (): AnyGuard => (session, request) => {
  if (!isUnsafe(request.method)) return undefined
  const presented = request.header(CSRF_HEADER) ?? fieldOf(request.body)
  return isCsrfToken(session, presented)
    ? undefined
    : problem(403, "The form's anti-forgery token is missing or old")
}

function fieldOf(body: unknown): unknown {
  if (body instanceof FormData || body instanceof URLSearchParams) return body.get(CSRF_FIELD)
  if (typeof body !== "object" || body === null) return undefined
  return Object.getOwnPropertyDescriptor(body, CSRF_FIELD)?.value
}

function toLogin(
  request: GuardedRequest,
  { loginPage, returnParameter = "returnTo" }: LoginPageOptions,
  title: string,
  headers?: Record<string, string>,
): Refusal {
  if (loginPage === undefined || !wantsPage(request)) return problem(401, title, headers)
  const back = request.method === "GET" || request.method === "HEAD" ? request.url : "/"
  return redirect(withReturnPath(loginPage, returnParameter, back))
}
