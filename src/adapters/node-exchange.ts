import type { IncomingMessage, ServerResponse } from "node:http"
import type { ClientFacts } from "../contract/record.ts"
import { stateOf } from "../core/session.ts"
import type { Exchange, SessionState } from "../core/state.ts"
import type { Edge } from "../http/edge.ts"
import type { AnySession } from "../http/http-sessions.ts"
import { statusOf } from "../http/status.ts"
import { hasReason } from "./held-body.ts"
import { hostOf, peerOf } from "./node-request.ts"
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
export class NodeExchange implements Exchange, Gatekeeper {
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
    return this.#state?.delivery !== undefined
  }

  addHeaders(): void {
    const state = this.#state
    if (!state?.delivery) return
    const headers = this.#edge.headersFor(state.delivery, peerOf(this.#request), hostOf(this.#request))
    state.delivery = undefined
    this.#response.appendHeader("Set-Cookie", headers.setCookie)
    this.#response.setHeader("Cache-Control", headers.cacheControl)
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
