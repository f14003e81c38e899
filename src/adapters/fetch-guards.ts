import type { Session } from "../core/session.ts"
import { isUnsafe } from "../http/csrf/origin.ts"
import { firstRefusal, type Guard, type GuardedRequest } from "../http/guards/guard.ts"

/** A handler for `fetchSession` that runs when all guards let the request pass. */
export function guarded<Data extends object, Rest extends unknown[]>(
  guards: readonly Guard<Data>[],
  handler: (request: Request, session: Session<Data>, ...rest: Rest) => Response | Promise<Response>,
): (request: Request, session: Session<Data>, ...rest: Rest) => Promise<Response> {
  return async (request, session, ...rest) => {
    const added = new Headers()
    const refusal = await firstRefusal(guards, session, await guardedRequest(request, added))
    return withHeaders(
      refusal
        ? new Response(refusal.body, { status: refusal.status, headers: refusal.headers })
        : await handler(request, session, ...rest),
      added,
    )
  }
}

/** A form is read from a copy, so that the handler can read it as well. */
async function guardedRequest(request: Request, added: Headers): Promise<GuardedRequest> {
  const { pathname, search } = new URL(request.url)
  const type = request.headers.get("content-type") ?? ""
  const isForm =
    type.startsWith("application/x-www-form-urlencoded") || type.startsWith("multipart/form-data")
  return {
    method: request.method,
    url: pathname + search,
    header: name => request.headers.get(name) ?? undefined,
    addHeader: (name, value) => added.append(name, value),
    body: isForm && isUnsafe(request.method) ? await formOf(request) : undefined,
  }
}

/** The response with more headers; a copy, as those of a redirect or of a fetched response cannot be changed. */
function withHeaders(response: Response, added: Headers): Response {
  const names = [...added]
  if (names.length === 0) return response
  const told = new Response(response.body, response)
  for (const [name, value] of names) told.headers.append(name, value)
  return told
}

/** A broken form has no fields. */
const formOf = (request: Request): Promise<FormData | undefined> =>
  request
    .clone()
    .formData()
    .catch(() => undefined)
