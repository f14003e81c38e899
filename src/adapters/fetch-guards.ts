import type { Session } from "../core/session.ts"
import { withoutToken } from "../http/carriers/issued-token.ts"
import { isUnsafe } from "../http/csrf/origin.ts"
import { firstRefusal, type Guard, type GuardedRequest } from "../http/guards/guard.ts"

type Handler<Data extends object, Rest extends unknown[], Result> = (
  request: Request,
  session: Session<Data>,
  ...rest: Rest
) => Result

type Answer = Response | Promise<Response>

/** A handler for `fetchSession` that runs when all guards let the request pass. */
export function guarded<Data extends object = Record<string, unknown>, Rest extends unknown[] = []>(
  guards: readonly Guard<NoInfer<Data>>[],
  handler: Handler<Data, Rest, Answer>,
): Handler<Data, Rest, Promise<Response>>
// Guards of any data would be taken for guards of no data: the handler's own come first, and the guards' where it names none.
export function guarded<Data extends object, Rest extends unknown[]>(
  guards: readonly Guard<Data>[],
  handler: Handler<Data, Rest, Answer>,
): Handler<Data, Rest, Promise<Response>>
export function guarded<Data extends object, Rest extends unknown[]>(
  guards: readonly Guard<Data>[],
  handler: Handler<Data, Rest, Answer>,
): Handler<Data, Rest, Promise<Response>> {
  return async (request, session, ...rest) => {
    const added = new Headers()
    const refusal = await firstRefusal(guards, session, await guardedRequest(session, request, added))
    return withHeaders(
      refusal
        ? new Response(refusal.body, { status: refusal.status, headers: refusal.headers })
        : await handler(request, session, ...rest),
      added,
    )
  }
}

async function guardedRequest<Data extends object>(
  session: Session<Data>,
  request: Request,
  added: Headers,
): Promise<GuardedRequest> {
  const { pathname, search } = new URL(request.url)
  return {
    method: request.method,
    url: withoutToken(session, pathname + search),
    header: name => request.headers.get(name) ?? undefined,
    addHeader: (name, value) => added.append(name, value),
    body: await formOf(request),
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

/** A form is read from a copy, so that the handler can read it as well. One that is broken, or too large, has no fields. */
async function formOf(request: Request): Promise<FormData | undefined> {
  const type = request.headers.get("content-type") ?? ""
  const isForm =
    type.startsWith("application/x-www-form-urlencoded") || type.startsWith("multipart/form-data")
  if (!isForm || !isUnsafe(request.method)) return undefined
  try {
    const body = request.clone().body?.pipeThrough(bounded()) ?? null
    return await new Response(body, { headers: { "Content-Type": type } }).formData()
  } catch {
    return undefined
  }
}

/** Guards run for everybody, and a body that they look into stays in memory until the handler has read its own copy. */
const MAX_FORM_BYTES = 1024 * 1024

function bounded(): TransformStream<Uint8Array, Uint8Array> {
  let length = 0
  return new TransformStream({
    transform(chunk, controller) {
      length += chunk.byteLength
      if (length > MAX_FORM_BYTES)
        controller.error(new RangeError("this form is too large to look for a token in"))
      else controller.enqueue(chunk)
    },
  })
}
