import type { IncomingMessage, ServerResponse } from "node:http"
import type { ClientFacts } from "../contract/record.ts"
import { stateOf } from "../core/session.ts"
import type { SessionState } from "../core/state.ts"
import type { CarriedRequest } from "../http/carriers/carrier.ts"
import type { HttpExchange, Presented } from "../http/carriers/presented.ts"
import type { Edge } from "../http/edge.ts"
import type { AnySession } from "../http/http-sessions.ts"
import { statusOf } from "../http/status.ts"
import { hasReason } from "./held-body.ts"
import { headerOf, hostOf, peerOf } from "./node-request.ts"
import { type Gatekeeper, ResponseGate } from "./response-gate.ts"

/** Answers a response whose commit failed, before its head has left. Its status is set already. */
export type FailureHandler = (error: unknown, response: ServerResponse) => void

/** What becomes of a response whose commit failed. */
export interface FailureHandlers {
  readonly answer: FailureHandler
  /** Told of a commit that failed after the head had left, when the connection has been cut. */
  readonly report: (error: unknown) => void
}

/** One request and its response, which waits for what the session has to store or to tell. */
export class NodeExchange implements HttpExchange, CarriedRequest, Gatekeeper {
  readonly kind = "http"
  readonly presented: Presented
  #session: AnySession | undefined
  #state: SessionState | undefined
  #failed = false
  #gate: ResponseGate | undefined
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #edge: Edge
  readonly #failures: FailureHandlers

  constructor(request: IncomingMessage, response: ServerResponse, edge: Edge, failures: FailureHandlers) {
    this.#request = request
    this.#response = response
    this.#edge = edge
    this.#failures = failures
    this.presented = edge.carriers.present(this)
  }

  get method(): string {
    return this.#request.method ?? ""
  }

  /** As the client asked for it: Express cuts off where it has mounted the middleware. */
  get url(): string {
    const asked: unknown = Reflect.get(this.#request, "originalUrl")
    return typeof asked === "string" ? asked : (this.#request.url ?? "")
  }

  header(name: string): string | undefined {
    return headerOf(this.#request, name)
  }

  /** Makes the session the one that the response waits for. */
  attach<Opened extends AnySession>(session: Opened): Opened {
    this.#session = session
    this.#state = stateOf(session)
    this.#gate ??= new ResponseGate(this.#response, this)
    return session
  }

  get canIssue(): boolean {
    return !(this.#gate ? this.#gate.headSent : this.#response.headersSent)
  }

  get canCommit(): boolean {
    return !this.#failed && !this.#response.writableEnded
  }

  changed(): void {
    this.#gate ??= new ResponseGate(this.#response, this)
    this.#gate.changed()
  }

  client(): ClientFacts {
    const address = this.#edge.proxies.addressOf(peerOf(this.#request))
    const userAgent = this.#request.headers["user-agent"]
    return {
      ...(address !== undefined && { address }),
      ...(userAgent !== undefined && { userAgent: userAgent.slice(0, 512) }),
    }
  }

  needsCommit(): boolean {
    return this.#state?.dirty === true
  }

  async commit(): Promise<void> {
    await this.#session?.save()
  }

  get hasHeaders(): boolean {
    return this.#state?.hasNews === true || this.#edge.carriers.standing.length > 0
  }

  addHeaders(): void {
    const { presented } = this
    for (const [name, value] of this.#edge.carriers.standing) this.#addStanding(name, value)
    if (presented.isInUrl) this.#response.setHeader("Cache-Control", "no-store")
    if (!this.#state?.hasNews) return
    const headers = this.#edge.take(this.#state, presented, peerOf(this.#request), hostOf(this.#request))
    if (!headers) return
    if (headers.setCookie.length > 0) this.#response.appendHeader("Set-Cookie", headers.setCookie)
    if (headers.token) this.#response.setHeader(...headers.token)
    this.#response.setHeader("Cache-Control", headers.cacheControl)
    if (headers.clearSiteData !== undefined)
      this.#response.setHeader("Clear-Site-Data", headers.clearSiteData)
  }

  #addStanding(name: string, value: string): void {
    if (name === "Vary") this.#response.appendHeader(name, value)
    else this.#response.setHeader(name, value)
  }

  failed(error: unknown, headSent: boolean): void {
    this.#failed = true
    this.#session?.discard()
    if (headSent) {
      this.#response.destroy()
      this.#failures.report(error)
      return
    }
    for (const name of OF_THE_DROPPED_BODY) this.#response.removeHeader(name)
    this.#response.statusCode = statusOf(error)
    if (hasReason(this.#response)) this.#response.statusMessage = ""
    this.#failures.answer(error, this.#response)
  }
}

/** Headers that would describe the error page wrongly, send the client elsewhere, or let the page be cached. */
const OF_THE_DROPPED_BODY = [
  "Accept-Ranges",
  "Cache-Control",
  "Content-Disposition",
  "Content-Encoding",
  "Content-Language",
  "Content-Length",
  "Content-Range",
  "Content-Type",
  "ETag",
  "Expires",
  "Last-Modified",
  "Location",
  "Trailer",
  "Transfer-Encoding",
]
