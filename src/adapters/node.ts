import type { IncomingMessage, ServerResponse } from "node:http"
import type { Session } from "../core/session.ts"
import { isUnsafe, type UnsafeRequest } from "../http/csrf/origin.ts"
import type { Edge } from "../http/edge.ts"
import { firstRefusal, type Guard, type GuardedRequest } from "../http/guards/guard.ts"
import type { AnySession, HttpSessions } from "../http/http-sessions.ts"
import { logFailure, statusOf, textOf } from "../http/status.ts"
import { type FailureHandler, hostOf, NodeExchange, peerOf, text } from "./node-exchange.ts"

/** Which requests get which kind of session. */
export interface RequestOptions<Request = IncomingMessage> {
  /** `true`: nothing is read until the handler calls `await session.load()`. */
  readonly lazy?: boolean | ((request: Request) => boolean)
  /** `false`: the request is no use of the session, so it does not lengthen its idle life. Default `true`. */
  readonly touch?: boolean | ((request: Request) => boolean)
  /**
   * Told of an error for which this library itself answered, or had to cut the connection, so that no other error handler
   * sees it. Default: prints to the console what stands for a status of 500 and above.
   */
  readonly onError?: (error: unknown, request: Request) => void
}

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
  if (isUnsafe(request.method)) sessions.assertSameOrigin(unsafeRequestOf(request, edge))
  const report = reporter(options, request)
  const answer = onFailure ?? (error => answerFailure(error, response, report))
  const exchange = new NodeExchange(request, response, edge, { answer, report })
  const presented = edge.carrier.read(request.headers.cookie)
  const session = sessions.open(presented?.token, {
    exchange,
    reissue: presented?.stale === true,
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

function unsafeRequestOf(request: IncomingMessage, edge: Edge): UnsafeRequest {
  const { headers, method = "", url = "" } = request
  return {
    method,
    url,
    host: hostOf(request),
    secure: edge.proxies.isSecure(peerOf(request)),
    origin: headers.origin,
    secFetchSite: text(headers["sec-fetch-site"]),
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
  guards: readonly Guard<Data>[],
  body?: unknown,
): Promise<boolean> {
  const refusal = await firstRefusal(guards, session, guardedRequest(request, request.url, body))
  if (!refusal) return true
  response.writeHead(refusal.status, refusal.headers)
  response.end(refusal.body)
  return false
}

export const guardedRequest = (
  request: IncomingMessage,
  url: string | undefined,
  body: unknown,
): GuardedRequest => ({
  method: request.method ?? "",
  url: url ?? "",
  header: name => text(request.headers[name]),
  body,
})

/** A preflight carries no cookie, and nothing that it changes is stored. */
export const isPreflight = (request: IncomingMessage): boolean =>
  request.method === "OPTIONS" && request.headers["access-control-request-method"] !== undefined

export const decide = <Request>(
  option: boolean | ((request: Request) => boolean) | undefined,
  request: Request,
  otherwise: boolean,
): boolean => (typeof option === "function" ? option(request) : (option ?? otherwise))

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
