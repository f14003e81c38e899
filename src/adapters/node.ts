import type { IncomingMessage, ServerResponse } from "node:http"
import type { Session } from "../core/session.ts"
import { isUnsafe } from "../http/csrf/origin.ts"
import { firstRefusal, type Guard } from "../http/guards/guard.ts"
import type { AnySession, HttpSessions } from "../http/http-sessions.ts"
import { logFailure, statusOf, textOf } from "../http/status.ts"
import { type FailureHandler, NodeExchange } from "./node-exchange.ts"
import { guardedRequest, isPreflight, unsafeRequestOf } from "./node-request.ts"
import { decide, type RequestOptions } from "./request-options.ts"

export { serveBackChannelLogout } from "./back-channel-node.ts"
export type { FailureHandler, RequestOptions }

/**
 * Opens the session of a request. Its changes are stored before the response's headers leave; should that fail,
 * `onFailure` answers instead (default: 503, 409 or 401 as plain text). Rejects when the store cannot be read.
 */
export function openSession<Opened extends AnySession>(
  sessions: HttpSessions<Opened>,
  request: IncomingMessage,
  response: ServerResponse,
  options: RequestOptions = {},
  onFailure?: FailureHandler,
): Opened | Promise<Opened> {
  const { edge } = sessions
  if (isPreflight(request)) return sessions.open(undefined)
  const report = reporter(options, request)
  const answer = onFailure ?? (error => answerFailure(error, response, report))
  const exchange = new NodeExchange(request, response, edge, { answer, report })
  const { presented } = exchange
  if (isUnsafe(request.method) && presented.isAmbient)
    sessions.assertSameOrigin(unsafeRequestOf(request, edge.proxies))
  const session = sessions.open(presented.token, {
    exchange,
    ...presented.opening,
    lazy: decide(options.lazy, request, false),
    touch: decide(options.touch, request, true),
  })
  if (session instanceof Promise) return session.then(opened => exchange.attach(opened))
  return exchange.attach(session)
}

/**
 * A listener for `http.createServer` whose handler is given the session. What the handler throws becomes a 500, or what the
 * session error stands for; a response that has begun is cut off.
 */
export function withSession<Opened extends AnySession>(
  sessions: HttpSessions<Opened>,
  handler: (request: IncomingMessage, response: ServerResponse, session: Opened) => unknown,
  options: RequestOptions = {},
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const fail = (error: unknown) => answerFailure(error, response, reporter(options, request))
    const handle = (session: Opened) => {
      const result = handler(request, response, session)
      if (result instanceof Promise) result.catch(fail)
    }
    try {
      const session = openSession(sessions, request, response, options)
      if (session instanceof Promise) session.then(handle).catch(fail)
      else handle(session)
    } catch (error) {
      fail(error)
    }
  }
}

/**
 * Whether all guards let the request pass. If one does not, it has answered. `body` is the parsed body, for guards that read a
 * form field.
 */
export async function admit<Data extends object>(
  request: IncomingMessage,
  response: ServerResponse,
  session: Session<Data>,
  guards: readonly Guard<NoInfer<Data>>[],
  body?: unknown,
): Promise<boolean> {
  const asked = guardedRequest(session, request, response, request.url, body)
  const refusal = await firstRefusal(guards, session, asked)
  if (!refusal) return true
  response.writeHead(refusal.status, refusal.headers)
  response.end(refusal.body)
  return false
}

const reporter =
  <Request>({ onError = logFailure }: RequestOptions<Request>, request: Request) =>
  (error: unknown): void =>
    onError(error, request)

function answerFailure(error: unknown, response: ServerResponse, report: (error: unknown) => void): void {
  report(error)
  if (response.headersSent) {
    response.destroy()
    return
  }
  const status = statusOf(error)
  response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8" })
  response.end(textOf(status))
}
