import type { NextFunction, Request, Response } from "express"
import { errorPage } from "../pages/error.ts"
import { showError, visitorOf } from "../show.ts"

export function notFound(request: Request, response: Response): void {
  response.status(404)
  showError(request, response, errorPage(404), visitorOf(request))
}

/** The page for whatever failed. Express knows an error handler by its four parameters. */
export function answerError(error: unknown, request: Request, response: Response, next: NextFunction): void {
  const status = statusOf(error)
  if (status >= 500) console.error(error)
  if (response.headersSent) {
    next(error)
    return
  }
  // What a failed request began is not stored along with its error page.
  request.session?.discard()
  response.status(status)
  showError(request, response, errorPage(status), status === 401 ? undefined : visitorOf(request))
}

/** Session errors have one, and so have those of Express that are the request's fault, such as a broken form. */
function statusOf(error: unknown): number {
  const status = error instanceof Error && "status" in error ? error.status : undefined
  return typeof status === "number" && status >= 400 ? status : 500
}
