import type { ClientFacts } from "../contract/record.ts"
import type { Session } from "../core/session.ts"
import { stateOf } from "../core/session.ts"
import type { Exchange } from "../core/state.ts"
import { isUnsafe, type UnsafeRequest } from "../http/csrf/origin.ts"
import type { Edge } from "../http/edge.ts"
import { firstRefusal, type Guard, type GuardedRequest } from "../http/guards/guard.ts"
import type { AnySession, HttpSessions } from "../http/http-sessions.ts"
import { logFailure, statusOf, textOf } from "../http/status.ts"
import type { Peer } from "../http/trusted-proxies.ts"
import { decide, type RequestOptions } from "./request-options.ts"

/** What a Fetch request does not tell by itself. */
export interface FetchOptions extends RequestOptions<Request> {
  /** The address of the connection's other end, which the server's runtime knows. */
  readonly address?: (request: Request) => string | undefined
}

/** A session, and what makes a response of it. */
export interface FetchExchange<Opened extends AnySession> {
  readonly session: Opened
  /** Stores the session's changes, then resolves to the response with its cookie. Rejects when they could not be stored. */
  finish(response: Response): Promise<Response>
}

/** Begins a request: the core for adapters of frameworks that speak `Request` and `Response`. */
export async function beginFetch<Opened extends AnySession>(
  sessions: HttpSessions<Opened>,
  request: Request,
  options: FetchOptions = {},
): Promise<FetchExchange<Opened>> {
  const { edge } = sessions
  if (isPreflight(request))
    return { session: await sessions.open(undefined), finish: async response => response }
  const exchange = new RequestExchange(request, edge, options)
  if (isUnsafe(request.method)) sessions.assertSameOrigin(exchange.unsafeRequest())
  const presented = edge.carrier.read(request.headers.get("cookie") ?? undefined)
  const session = await sessions.open(presented?.token, {
    exchange,
    reissue: presented?.stale === true,
    lazy: decide(options.lazy, request, false),
    touch: decide(options.touch, request, true),
  })
  return { session, finish: response => exchange.finish(session, response) }
}

/**
 * Makes a Fetch handler of one that is given the session. When the session cannot be read or stored, it answers 503, 409
 * or 401 as plain text; what the handler itself throws is thrown on.
 */
export function fetchSession<Opened extends AnySession, Rest extends unknown[]>(
  sessions: HttpSessions<Opened>,
  handler: (request: Request, session: Opened, ...rest: Rest) => Response | Promise<Response>,
  options: FetchOptions = {},
): (request: Request, ...rest: Rest) => Promise<Response> {
  const { onError = logFailure } = options
  return async (request, ...rest) => {
    let begun: FetchExchange<Opened>
    try {
      begun = await beginFetch(sessions, request, options)
    } catch (error) {
      onError(error, request)
      return failure(error)
    }
    const response = await handler(request, begun.session, ...rest)
    try {
      return await begun.finish(response)
    } catch (error) {
      onError(error, request)
      // Not awaited, since a source may take its time or fail to stop; the answer does not depend on it.
      response.body?.cancel(error).catch(() => {})
      return failure(error)
    }
  }
}

/** A handler for `fetchSession` that runs when all guards let the request pass. */
export function guarded<Data extends object, Rest extends unknown[]>(
  guards: readonly Guard<Data>[],
  handler: (request: Request, session: Session<Data>, ...rest: Rest) => Response | Promise<Response>,
): (request: Request, session: Session<Data>, ...rest: Rest) => Promise<Response> {
  return async (request, session, ...rest) => {
    const refusal = await firstRefusal(guards, session, await guardedRequest(request))
    if (!refusal) return await handler(request, session, ...rest)
    return new Response(refusal.body, { status: refusal.status, headers: refusal.headers })
  }
}

/** A form is read from a copy, so that the handler can read it as well. */
async function guardedRequest(request: Request): Promise<GuardedRequest> {
  const { pathname, search } = new URL(request.url)
  const type = request.headers.get("content-type") ?? ""
  const isForm =
    type.startsWith("application/x-www-form-urlencoded") || type.startsWith("multipart/form-data")
  return {
    method: request.method,
    url: pathname + search,
    header: name => request.headers.get(name) ?? undefined,
    body: isForm && isUnsafe(request.method) ? await formOf(request) : undefined,
  }
}

/** A broken form has no fields. */
const formOf = (request: Request): Promise<FormData | undefined> =>
  request
    .clone()
    .formData()
    .catch(() => undefined)

class RequestExchange implements Exchange {
  canIssue = true
  canCommit = true
  readonly #request: Request
  readonly #edge: Edge
  readonly #options: FetchOptions

  constructor(request: Request, edge: Edge, options: FetchOptions) {
    this.#request = request
    this.#edge = edge
    this.#options = options
  }

  changed(): void {}

  client(): ClientFacts {
    const address = this.#edge.proxies.addressOf(this.#peer())
    const userAgent = this.#request.headers.get("user-agent")?.slice(0, 512)
    return { ...(address !== undefined && { address }), ...(userAgent !== undefined && { userAgent }) }
  }

  unsafeRequest(): UnsafeRequest {
    const { headers, method, url } = this.#request
    const { host, pathname, search } = new URL(url)
    return {
      method,
      url: pathname + search,
      host,
      secure: this.#edge.proxies.isSecure(this.#peer()),
      origin: headers.get("origin") ?? undefined,
      secFetchSite: headers.get("sec-fetch-site") ?? undefined,
    }
  }

  async finish<Opened extends AnySession>(session: Opened, response: Response): Promise<Response> {
    const state = stateOf(session)
    while (state.dirty) await session.save()
    this.canIssue = false
    this.canCommit = false
    if (!state.delivery) return response
    const host = new URL(this.#request.url).host
    const { setCookie, cacheControl } = this.#edge.headersFor(state.delivery, this.#peer(), host)
    state.delivery = undefined
    const told = new Response(response.body, response)
    told.headers.append("Set-Cookie", setCookie)
    told.headers.set("Cache-Control", cacheControl)
    return told
  }

  #peer(): Peer {
    const { headers, url } = this.#request
    return {
      address: this.#options.address?.(this.#request),
      encrypted: url.startsWith("https:"),
      forwardedFor: headers.get("x-forwarded-for") ?? undefined,
      forwardedProto: headers.get("x-forwarded-proto") ?? undefined,
    }
  }
}

/** A preflight carries no cookie, and nothing that it changes is stored. */
const isPreflight = (request: Request): boolean =>
  request.method === "OPTIONS" && request.headers.has("access-control-request-method")

function failure(error: unknown): Response {
  const status = statusOf(error)
  return new Response(textOf(status), { status, headers: { "Content-Type": "text/plain; charset=utf-8" } })
}
