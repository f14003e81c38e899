import type { NextFunction, Request, Response } from "express"
import { errorPage } from "../pages/error.ts"
import { onlookerOf, showInstead, visitorOf } from "../show.ts"

export function notFound(request: Request, response: Response): void {
  response.status(404)
  showInstead(request, response, errorPage(404), visitorOf(request.session))
}

/** The page for whatever failed. Express knows an error handler by its four parameters. */
export function answerError(error: unknown, request: Request, response: Response, next: NextFunction): void {
  const status = statusOf(error)
  if (status >= 500) console.error(error)
  if (response.headersSent) {
    next(error)
    return
  }
  // While the store is down, and for requests of other sites, there is no session.
  const session: Request["session"] | undefined = request.session
  // What a failed request began is not stored along with its error page.
  session?.discard()
  response.status(status)
  showInstead(request, response, errorPage(status), onlookerOf(status === 401 ? undefined : session))
}

/** Session errors have one, and so have those of Express that are the request's fault, such as a broken form. */
function statusOf(error: unknown): number {
  const status = error instanceof Error && "status" in error ? error.status : undefined
  return typeof status === "number" && status >= 400 ? status : 500
}
