import type { BackChannelLogout } from "../http/back-channel/logout.ts"

/** A logout token takes a tenth of it. */
const MAX_BODY_LENGTH = 65_536

/** A Fetch handler for a provider's logout requests. */
export function serveBackChannelLogout(logout: BackChannelLogout): (request: Request) => Promise<Response> {
  return async request => {
    const contentType = request.headers.get("content-type") ?? undefined
    const { method } = request
    const { body, headers, status } = await logout({ method, contentType, body: await bodyOf(request) })
    return new Response(body, { status, headers })
  }
}

/** What is too long, or breaks off, is no logout token. */
async function bodyOf(request: Request): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for await (const chunk of request.body ?? []) {
      length += chunk.length
      if (length > MAX_BODY_LENGTH) return ""
      chunks.push(chunk)
    }
  } catch {
    return ""
  }
  return Buffer.concat(chunks).toString("utf8")
}
