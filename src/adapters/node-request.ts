import type { IncomingMessage, ServerResponse } from "node:http"
import type { Session } from "../core/session.ts"
import { withoutToken } from "../http/carriers/issued-token.ts"
import type { UnsafeRequest } from "../http/csrf/origin.ts"
import type { GuardedRequest } from "../http/guards/guard.ts"
import type { Peer, TrustedProxies } from "../http/trusted-proxies.ts"

/** A preflight carries no cookie, and nothing that it changes is stored. */
export const isPreflight = (request: IncomingMessage): boolean =>
  request.method === "OPTIONS" && request.headers["access-control-request-method"] !== undefined

export function peerOf(request: IncomingMessage): Peer {
  const { headers, socket } = request
  return {
    address: socket.remoteAddress,
    encrypted: "encrypted" in socket && socket.encrypted === true,
    forwardedFor: text(headers["x-forwarded-for"]),
    forwardedProto: text(headers["x-forwarded-proto"]),
  }
}

export const headerOf = ({ headers }: IncomingMessage, name: string): string | undefined =>
  text(headers[name])

/** HTTP/2 names the host otherwise. */
export const hostOf = ({ headers }: IncomingMessage): string | undefined =>
  headers.host ?? text(headers[":authority"])

const text = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header.join(",") : header

export function unsafeRequestOf(request: IncomingMessage, proxies: TrustedProxies): UnsafeRequest {
  const { headers, method = "", url = "" } = request
  return {
    method,
    url,
    host: hostOf(request),
    secure: proxies.isSecure(peerOf(request)),
    origin: headers.origin,
    secFetchSite: text(headers["sec-fetch-site"]),
  }
}

export const guardedRequest = <Data extends object>(
  session: Session<Data>,
  request: IncomingMessage,
  response: ServerResponse,
  url: string | undefined,
  body: unknown,
): GuardedRequest => ({
  method: request.method ?? "",
  url: withoutToken(session, url ?? ""),
  header: name => headerOf(request, name),
  addHeader: (name, value) => void response.appendHeader(name, value),
  body,
})
