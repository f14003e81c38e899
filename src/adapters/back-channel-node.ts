import type { IncomingMessage, ServerResponse } from "node:http"
import type { BackChannelAnswer, BackChannelLogout } from "../http/back-channel/logout.ts"

/** A logout token takes a tenth of it. */
const MAX_BODY_LENGTH = 65_536

/**
 * A listener, or an Express handler, for a provider's logout requests: `app.post("/logout/back-channel", serveBackChannelLogout(logout))`.
 * Takes the body that a parser of forms has left in `request.body`, or reads it.
 */
export function serveBackChannelLogout(
  logout: BackChannelLogout,
): (request: IncomingMessage & { readonly body?: unknown }, response: ServerResponse) => void {
  return (request, response) => {
    const { method = "", headers } = request
    bodyOf(request)
      .then(body => logout({ method, contentType: headers["content-type"], body }))
      .then(
        answer => send(response, answer),
        // The request broke off, or does not end: there is nobody to answer.
        () => response.destroy(),
      )
  }
}

function send(response: ServerResponse, { status, headers, body }: BackChannelAnswer): void {
  response.writeHead(status, headers)
  response.end(body)
}

async function bodyOf(request: IncomingMessage & { readonly body?: unknown }): Promise<string> {
  if (request.readableEnded) return formText(request.body)
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request) {
    length += chunk.length
    if (length > MAX_BODY_LENGTH) throw new RangeError("a body this long has no logout token")
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString("utf8")
}

function formText(body: unknown): string {
  if (typeof body === "string") return body
  if (typeof body !== "object" || body === null) return ""
  const token: unknown = Object.getOwnPropertyDescriptor(body, "logout_token")?.value
  return typeof token === "string" ? new URLSearchParams({ logout_token: token }).toString() : ""
}
