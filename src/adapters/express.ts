import type { IncomingMessage, ServerResponse } from "node:http"
import { isSessionError } from "../contract/errors.ts"
import type { Session } from "../core/session.ts"
import type { Sessions } from "../http/sessions.ts"
import { statusOf } from "../http/status.ts"
import { openSession, type RequestOptions } from "./node.ts"

/**
 * The type of `req.session`'s data. Declare yours:
 * `declare module "sojourn/express" { interface SessionValues { cart: string[] } }`.
 */
// biome-ignore lint/suspicious/noEmptyInterface: applications augment it
export interface SessionValues {}

/** The declared data, or any keys where nothing has been declared. */
export type ExpressData = keyof SessionValues extends never ? Record<string, unknown> : SessionValues

declare global {
  namespace Express {
    interface Request {
      /** The session of this request; not there where `skip` said so. */
      session: Session<ExpressData>
    }
  }
}

export interface ExpressOptions extends RequestOptions {
  /** Requests that get no session, such as those for static files. */
  readonly skip?: (request: IncomingMessage) => boolean
}

type Next = (error?: unknown) => void
type Handler = (request: IncomingMessage, response: ServerResponse, next: Next) => void

/**
 * Express middleware: gives each request its `req.session`. What fails goes to `next(error)` with `error.status` set, for
 * the application's error handler: 503 when the store does, 401 when the session ended meanwhile, 409 on a conflict.
 */
export function session<Data extends object>(
  sessions: Sessions<Data>,
  options: ExpressOptions = {},
): Handler {
  return (request: IncomingMessage & { session?: Session<Data> }, response, next) => {
    if (request.session || options.skip?.(request)) return next()
    const fail = (error: unknown) => next(withStatus(error))
    const attach = (opened: Session<Data>) => {
      request.session = opened
      next()
    }
    try {
      const opened = openSession(sessions, request, response, options, fail)
      if (opened instanceof Promise) opened.then(attach, fail)
      else attach(opened)
    } catch (error) {
      fail(error)
    }
  }
}

function withStatus(error: unknown): unknown {
  return isSessionError(error) ? Object.assign(error, { status: statusOf(error) }) : error
}
