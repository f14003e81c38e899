import type { IncomingMessage, ServerResponse } from "node:http"
import { SessionError } from "../contract/errors.ts"
import type { Session } from "../core/session.ts"
import { firstRefusal, type Guard } from "../http/guards/guard.ts"
import type { AnySession, HttpSessions } from "../http/http-sessions.ts"
import { openSession } from "./node.ts"
import { guardedRequest } from "./node-request.ts"
import type { RequestOptions } from "./request-options.ts"

export { serveBackChannelLogout } from "./back-channel-node.ts"

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
 * Express middleware: gives each request its `req.session`. What fails goes to `next(error)`; a session
 * error's `status` is 503 when the store failed, 401 when the session ended meanwhile, 409 on a conflict.
 */
export function session<Opened extends AnySession>(
  sessions: HttpSessions<Opened>,
  options: ExpressOptions = {},
): Handler {
  return (request: IncomingMessage & { session?: Opened }, response, next) => {
    if (request.session || options.skip?.(request)) return next()
    const attach = (opened: Opened) => {
      request.session = opened
      next()
    }
    let opened: Opened | Promise<Opened>
    try {
      opened = openSession(sessions, request, response, options, next)
    } catch (error) {
      return next(error)
    }
    if (opened instanceof Promise) opened.then(attach, next)
    else attach(opened)
  }
}

/**
 * Express middleware that lets a request pass when all guards do, such as `guard(requireUser({ loginPage: "/login" }))`. Stands
 * behind `session`, and behind the body parser where a guard reads a form field.
 */
export function guard<Data extends object>(...guards: readonly Guard<Data>[]): Handler {
  return (
    request: IncomingMessage & { session?: Session<Data>; body?: unknown; originalUrl?: string },
    response,
    next,
  ) => {
    if (!request.session) return next(noSession())
    const asked = guardedRequest(request.session, request, response, request.originalUrl, request.body)
    firstRefusal(guards, request.session, asked).then(refusal => {
      if (!refusal) return next()
      response.writeHead(refusal.status, refusal.headers)
      response.end(refusal.body)
    }, next)
  }
}

const noSession = (): SessionError =>
  new SessionError(
    "ERR_SESSION_CONFIG",
    "a guard found no session: put `app.use(session(sessions))` before it",
  )
