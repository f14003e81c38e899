import type { Session } from "../../core/session.ts"
import { isUnsafe } from "../csrf/origin.ts"
import { CSRF_FIELD, CSRF_HEADER, isCsrfToken } from "../csrf/token.ts"
import { type AnyGuard, type Guard, type GuardedRequest, problem } from "./guard.ts"
import { type LoginPageOptions, toLogin } from "./login-page.ts"

/** Turns away whoever has no stored session: 401. */
export const requireSession = (): AnyGuard => session =>
  session.isStored ? undefined : problem(401, "A session is required")

/** Turns away whoever is not logged in: a person to the login page, a program with 401. */
export const requireUser =
  (options: LoginPageOptions = {}): AnyGuard =>
  (session, request) =>
    session.userId === undefined ? toLogin(request, options, "Login is required") : undefined

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
