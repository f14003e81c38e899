import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { fetchSession, guarded } from "../../../src/adapters/fetch.ts"
import type { Session } from "../../../src/core/session.ts"
import { csrfToken, requireCsrfToken, requireUser, Sessions } from "../../../src/index.ts"
import { createMemoryStore } from "../../../src/stores/memory/index.ts"

const MEBIBYTE = 1024 * 1024
const BOUNDARY = "----form"

/** A form whose hidden field stands before a file of this length, and how much of it was read. */
function upload(field: string, length: number, headers: Record<string, string> = {}) {
  const parts = [
    `--${BOUNDARY}\r\nContent-Disposition: form-data; name="_csrf"\r\n\r\n${field}\r\n`,
    `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n`,
  ]
  const encoder = new TextEncoder()
  const read = { bytes: 0 }
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const text = parts.shift()
      if (text !== undefined) return controller.enqueue(encoder.encode(text))
      if (read.bytes < length) {
        read.bytes += 65_536
        return controller.enqueue(new Uint8Array(65_536))
      }
      controller.enqueue(encoder.encode(`\r\n--${BOUNDARY}--\r\n`))
      controller.close()
    },
  })
  const init = {
    method: "POST",
    body,
    duplex: "half" as const,
    headers: { "content-type": `multipart/form-data; boundary=${BOUNDARY}`, ...headers },
  }
  return { read, request: new Request("https://shop.example/", init) }
}

/** A visitor's session; what its form has to send, and the cookie. */
async function visited(sessions: Sessions): Promise<{ readonly token: string; readonly cookie: string }> {
  let token = ""
  const page = await fetchSession(sessions, (_request, session: Session) => {
    token = csrfToken(session)
    return new Response("")
  })(new Request("https://shop.example/"))
  return { token, cookie: page.headers.getSetCookie()[0]?.split(";", 1)[0] ?? "" }
}

describe("a body that is sent to guarded routes over Fetch", () => {
  it("is read by the guards up to 1 MiB (G10)", async () => {
    const sessions = new Sessions(createMemoryStore(), { sweepInterval: false })
    const handle = fetchSession(
      sessions,
      guarded([requireUser(), requireCsrfToken()], () => new Response("")),
    )
    const { read, request } = upload("x", 64 * MEBIBYTE)
    assert.equal((await handle(request)).status, 401)
    assert.ok(read.bytes < 2 * MEBIBYTE, `${read.bytes} bytes were read`)
  })

  it("is searched for the form's token up to there, and the handler reads it as well", async () => {
    const sessions = new Sessions(createMemoryStore(), { sweepInterval: false })
    const handle = fetchSession(
      sessions,
      guarded(
        [requireCsrfToken()],
        async request => new Response(`${(await request.formData()).has("file")}`),
      ),
    )
    const { token, cookie } = await visited(sessions)
    const small = upload(token, MEBIBYTE / 2, { cookie })
    assert.equal(await (await handle(small.request)).text(), "true")
    const large = upload(token, 64 * MEBIBYTE, { cookie })
    assert.equal((await handle(large.request)).status, 403)
    assert.ok(large.read.bytes < 2 * MEBIBYTE, `${large.read.bytes} bytes were read`)
    const byHeader = upload("", 20 * MEBIBYTE, { cookie, "x-csrf-token": token })
    assert.equal(await (await handle(byHeader.request)).text(), "true")
  })
})
