import assert from "node:assert/strict"
import type { IncomingMessage, ServerResponse } from "node:http"
import {
  type ClientHttp2Session,
  connect,
  createServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
} from "node:http2"
import { describe, it } from "node:test"
import { setTimeout as delay } from "node:timers/promises"
import { withSession } from "../../src/adapters/node.ts"
import { Served } from "./served.ts"
import { type Handler, spied } from "./sessions.ts"
import { Barrier, broken } from "./spy-store.ts"

interface Reply {
  readonly headers: IncomingHttpHeaders & IncomingHttpStatusHeader
  readonly body: string
}

async function http2(handler: Handler, options = {}) {
  const { sessions, store } = spied(options)
  const listener = withSession(sessions, handler, { onError: () => {} })
  // Node's compatibility API: the same methods, by types of their own.
  const server = createServer((request: Http2ServerRequest, response: Http2ServerResponse) =>
    listener(request as unknown as IncomingMessage, response as unknown as ServerResponse),
  )
  const served = await Served.at(server, () => {})
  const client = connect(served.origin)
  const close = async () => {
    client.destroy()
    await served[Symbol.asyncDispose]()
  }
  return { store, client, sessions, [Symbol.asyncDispose]: close }
}

function ask(client: ClientHttp2Session, path = "/", headers = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    let head: Reply["headers"] = {}
    let body = ""
    const stream = client.request({ ":path": path, ...headers })
    stream.setEncoding("utf8")
    stream.on("response", given => {
      head = given
    })
    stream.on("data", chunk => {
      body += chunk
    })
    stream.on("end", () => resolve({ headers: head, body })).on("error", reject)
  })
}

describe("sessions by node:http2, through its compatibility API", () => {
  it("a session survives its requests", async () => {
    await using given = await http2((_request, response, session) => {
      const views = Number(session.get("views") ?? 0) + 1
      session.set("views", views)
      response.end(String(views))
    })
    const first = await ask(given.client)
    const cookie = first.headers["set-cookie"]?.[0]?.split(";")[0]
    const second = await ask(given.client, "/", { cookie })
    assert.deepEqual([first.body, second.body], ["1", "2"])
    assert.equal(first.headers["cache-control"], "no-store")
  })

  for (const [name, send] of Object.entries<(response: ServerResponse) => unknown>({
    end: response => response.end("hello"),
    "write and end": response => {
      response.write("hel")
      response.end("lo")
    },
    writeHead: response => response.writeHead(200, { "x-one": "1" }).end("hello"),
    flushHeaders: response => {
      response.flushHeaders()
      response.end("hello")
    },
  })) {
    it(`G6: nothing leaves before the session is stored: ${name}`, async () => {
      await using given = await http2((_request, response, session) => {
        session.set("step", 1)
        send(response)
      })
      const barrier = new Barrier()
      given.store.beforeApply = barrier.hook
      let answered = false
      const reply = ask(given.client).finally(() => {
        answered = true
      })
      await barrier.reached
      await delay(15)
      assert.equal(answered, false)
      barrier.open()
      const { headers, body } = await reply
      assert.equal(body, "hello")
      assert.equal(headers[":status"], 200)
      assert.match(headers["set-cookie"]?.[0] ?? "", /^sid=/)
      assert.equal(given.store.stored("step"), 1)
    })
  }

  it("asks nothing of the response that HTTP/2 warns of", async () => {
    const warnings: Error[] = []
    const warned = (warning: Error): unknown => warnings.push(warning)
    process.on("warning", warned)
    await using given = await http2((_request, response, session) => {
      session.set("step", 1)
      response.end("hello")
    })
    await ask(given.client)
    given.store.beforeApply = broken
    assert.equal((await ask(given.client)).headers[":status"], 503)
    process.off("warning", warned)
    assert.deepEqual(warnings, [])
  })

  it("G6: a change that cannot be stored is a 503", async () => {
    await using given = await http2((_request, response, session) => {
      session.set("step", 1)
      response.writeHead(200, { "content-length": 5 }).end("hello")
    })
    given.store.beforeApply = broken
    const { headers, body } = await ask(given.client)
    assert.equal(headers[":status"], 503)
    assert.equal(body, "The service is busy. Please try again.\n")
  })

  it("a client that resets its stream does no harm, and the change is stored", async () => {
    const barrier = new Barrier()
    const closed = Promise.withResolvers<void>()
    await using given = await http2((_request, response, session) => {
      response.once("close", closed.resolve)
      session.set("step", 1)
      response.end("to nobody")
    })
    given.store.beforeApply = barrier.hook
    const stream = given.client.request({ ":path": "/" }).on("error", () => {})
    await barrier.reached
    stream.close()
    await closed.promise
    barrier.open()
    await delay(10)
    assert.equal(given.store.stored("step"), 1)
  })
})
