import type { ClientFacts } from "../contract/record.ts"
import { stateOf } from "../core/session.ts"
import type { CarriedRequest } from "../http/carriers/carrier.ts"
import type { HttpExchange, Presented } from "../http/carriers/presented.ts"
import { isUnsafe, type UnsafeRequest } from "../http/csrf/origin.ts"
import type { Edge } from "../http/edge.ts"
import type { AnySession, HttpSessions } from "../http/http-sessions.ts"
import { logFailure, statusOf, textOf } from "../http/status.ts"
import type { Peer } from "../http/trusted-proxies.ts"
import { decide, type RequestOptions } from "./request-options.ts"

export { serveBackChannelLogout } from "./back-channel-fetch.ts"
export { guarded } from "./fetch-guards.ts"

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
  const { presented } = exchange
  if (isUnsafe(request.method) && presented.isAmbient) sessions.assertSameOrigin(exchange.unsafeRequest())
  const session = await sessions.open(presented.token, {
    exchange,
    ...presented.opening,
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

class RequestExchange implements HttpExchange {
  readonly kind = "http"
  readonly presented: Presented
  canIssue = true
  canCommit = true
  readonly #request: Request
  readonly #edge: Edge
  readonly #options: FetchOptions

  constructor(request: Request, edge: Edge, options: FetchOptions) {
    this.#request = request
    this.#edge = edge
    this.#options = options
    this.presented = edge.carriers.present(new FetchCarried(request))
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
    const { standing } = this.#edge.carriers
    if (!state.hasNews && standing.length === 0) return response
    const headers = this.#edge.take(state, this.presented, this.#peer(), new URL(this.#request.url).host)
    if (!headers && standing.length === 0) return response
    const told = new Response(response.body, response)
    for (const [name, value] of standing) addStanding(told.headers, name, value)
    if (this.presented.isInUrl) told.headers.set("Cache-Control", "no-store")
    if (!headers) return told
    if (headers.token) told.headers.set(...headers.token)
    for (const cookie of headers.setCookie) told.headers.append("Set-Cookie", cookie)
    told.headers.set("Cache-Control", headers.cacheControl)
    if (headers.clearSiteData !== undefined) told.headers.set("Clear-Site-Data", headers.clearSiteData)
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

/** A class, as an object with a getter and a closure of its own took a microsecond to make. */
class FetchCarried implements CarriedRequest {
  readonly #request: Request

  constructor(request: Request) {
    this.#request = request
  }

  get method(): string {
    return this.#request.method
  }

  get url(): string {
    const { pathname, search } = new URL(this.#request.url)
    return pathname + search
  }

  header(name: string): string | undefined {
    return this.#request.headers.get(name) ?? undefined
  }
}

function addStanding(headers: Headers, name: string, value: string): void {
  if (name === "Vary") headers.append(name, value)
  else headers.set(name, value)
}

/** A preflight carries no cookie, and nothing that it changes is stored. */
const isPreflight = (request: Request): boolean =>
  request.method === "OPTIONS" && request.headers.has("access-control-request-method")

function failure(error: unknown): Response {
  const status = statusOf(error)
  return new Response(textOf(status), { status, headers: { "Content-Type": "text/plain; charset=utf-8" } })
}
