import { type GuardedRequest, problem, type Refusal, redirect, wantsPage } from "./guard.ts"
import { withReturnPath } from "./return-path.ts"

/** Where a person is sent to log in. Without it, persons get the same 401 as programs. */
export interface LoginPageOptions {
  readonly loginPage?: string
  /** The query parameter that tells the login page where to come back to. Default `returnTo`. */
  readonly returnParameter?: string
}

/** Sends a person to the login page, and answers a program with 401. */
export function toLogin(
  request: GuardedRequest,
  { loginPage, returnParameter = "returnTo" }: LoginPageOptions,
  title: string,
  headers?: Record<string, string>,
): Refusal {
  if (loginPage === undefined || !wantsPage(request)) return problem(401, title, headers)
  const back = request.method === "GET" || request.method === "HEAD" ? request.url : "/"
  return redirect(withReturnPath(loginPage, returnParameter, back))
}
