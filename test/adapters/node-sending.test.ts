import assert from "node:assert/strict"
import { createReadStream, readFileSync } from "node:fs"
import type { ServerResponse } from "node:http"
import { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"
import { describe, it } from "node:test"
import { setTimeout as delay } from "node:timers/promises"
import { withSession } from "../../src/adapters/node.ts"
import { serve } from "./served.ts"
import { spied } from "./sessions.ts"
import { Barrier } from "./spy-store.ts"
import { type Answer, cookieOf, headerOf, parseAnswer, Wire } from "./wire.ts"

interface Way {
  readonly name: string
  readonly send: (response: ServerResponse) => unknown
  readonly method?: string
  readonly shows?: Partial<Answer>
  readonly headers?: Record<string, string[]>
}

const big = "0123456789abcdef".repeat(64 * 1024)

const ways: Way[] = [
  { name: "end", send: response => response.end("hello"), shows: { status: 200, body: "hello" } },
  { name: "end without a body", send: response => response.end(), shows: { status: 200, body: "" } },
  {
    name: "write and end",
    send: response => {
      response.write("hel")
      response.write("lo")
      response.end("!")
    },
    shows: { body: "hello!" },
  },
  {
    name: "writeHead with headers",
    send: response => response.writeHead(201, { "X-One": "1", "X-Two": ["a", "b"] }).end("hello"),
    shows: { status: 201, reason: "Created", body: "hello" },
    headers: { "x-one": ["1"], "x-two": ["a", "b"] },
  },
  {
    name: "writeHead with a reason and headers",
    send: response => response.writeHead(202, "Noted", { "X-One": 1 }).end("hello"),
    shows: { status: 202, reason: "Noted" },
    headers: { "x-one": ["1"] },
  },
  {
    name: "writeHead with a flat list, in which names repeat and values are lists",
    send: response => response.writeHead(200, ["X-One", "1", "x-one", "2", "X-Two", ["a", "b"]]).end(),
    headers: { "x-one": ["1", "2"], "x-two": ["a", "b"] },
  },
  {
    name: "writeHead with a list of pairs",
    send: response => response.writeHead(200, [["X-One", "1"]]).end(),
    headers: { "x-one": ["1"] },
  },
  {
    name: "writeHead over setHeader",
    send: response => response.setHeader("X-One", "old").writeHead(200, { "x-one": "new" }).end(),
    headers: { "x-one": ["new"] },
  },
  {
    name: "writeHead with cookies of its own",
    send: response => response.writeHead(200, { "Set-Cookie": ["a=1", "b=2"] }).end(),
    headers: { "set-cookie": ["a=1", "b=2", "sid"] },
  },
  {
    name: "setHeader with a cookie of its own",
    send: response => response.setHeader("Set-Cookie", "a=1").end("hello"),
    headers: { "set-cookie": ["a=1", "sid"] },
  },
  {
    name: "flushHeaders",
    send: response => {
      response.flushHeaders()
      response.end("hello")
    },
    shows: { body: "hello" },
  },
  { name: "HEAD", method: "HEAD", send: response => response.end("unseen"), shows: { body: "" } },
  { name: "304", send: response => response.writeHead(304).end(), shows: { status: 304, body: "" } },
  { name: "204", send: response => response.writeHead(204).end(), shows: { status: 204, body: "" } },
  { name: "a redirect", send: response => response.writeHead(302, { Location: "/next" }).end() },
  { name: "a large body", send: response => response.end(big), shows: { body: big } },
  {
    name: "a piped file",
    send: response => createReadStream(import.meta.filename).pipe(response),
    shows: { body: readFileSync(import.meta.filename, "latin1") },
  },
  {
    name: "pipeline",
    send: response => pipeline(Readable.from([big, "end"]), response),
    shows: { body: `${big}end` },
  },
  {
    name: "an async generator",
    send: response =>
      pipeline(async function* () {
        for (const part of ["one ", "two ", big]) yield part
      }, response),
    shows: { body: `one two ${big}` },
  },
  {
    name: "writes that heed drain",
    send: async response => {
      for (let part = 0; part < 8; part++) {
        if (!response.write(big)) await new Promise(resolve => response.once("drain", resolve))
      }
      response.end()
    },
    shows: { body: big.repeat(8) },
  },
  {
    name: "trailers",
    send: response => {
      response.writeHead(200, { Trailer: "X-Sum" })
      response.write("hello")
      response.addTrailers({ "X-Sum": "5" })
      response.end()
    },
    shows: { body: "hello", trailers: "X-Sum: 5" },
  },
]

function assertShows(answer: Answer, way: Way): void {
  assert.partialDeepStrictEqual(answer, way.shows ?? {})
  for (const [name, values] of Object.entries(way.headers ?? {})) {
    const found = headerOf(answer, name).map(value => (value.startsWith("sid=") ? "sid" : value))
    assert.deepEqual(found, values)
  }
  assert.ok(answer.whole || way.method === "HEAD")
}

describe("sending by node:http", () => {
  for (const way of ways) {
    it(`G6: nothing leaves before the session is stored: ${way.name}`, async () => {
      const { sessions, store } = spied()
      const barrier = new Barrier()
      store.beforeApply = barrier.hook
      await using server = await serve(
        withSession(sessions, async (_request, response, session) => {
          session.set("step", 1)
          await way.send(response)
        }),
      )
      const wire = new Wire(server).request("/", {}, way.method)
      await barrier.reached
      await delay(15)
      assert.equal(wire.received, "")
      assert.equal(store.records.length, 0)
      barrier.open()
      const answer = parseAnswer(await wire.answer())
      assertShows(answer, way)
      assert.equal(store.stored("step"), 1)
      assert.ok(cookieOf(answer))
      assert.deepEqual(headerOf(answer, "cache-control"), ["no-store"])
    })

    it(`sends the same when there is nothing to store: ${way.name}`, async () => {
      const { sessions, store } = spied()
      await using server = await serve(
        withSession(sessions, async (_request, response, session) => {
          assert.equal(session.get("step"), undefined)
          await way.send(response)
        }),
      )
      const answer = parseAnswer(await new Wire(server).request("/", {}, way.method).answer())
      const headers = { ...way.headers }
      if (headers["set-cookie"]) headers["set-cookie"] = headers["set-cookie"].filter(each => each !== "sid")
      assertShows(answer, { ...way, headers })
      assert.deepEqual(store.calls, [])
    })
  }

  it("G6: no-store takes the place of what the application says of caching, as the response sets a cookie", async () => {
    const { sessions } = spied()
    await using server = await serve(
      withSession(sessions, (_request, response, session) => {
        session.set("step", 1)
        response.writeHead(200, { "Cache-Control": "public, max-age=3600" }).end()
      }),
    )
    const answer = parseAnswer(await new Wire(server).request().answer())
    assert.deepEqual(headerOf(answer, "cache-control"), ["no-store"])
  })

  it("a stream of events stays open, and what it sends arrives at once", async () => {
    const { sessions, store } = spied()
    const streams: ServerResponse[] = []
    await using server = await serve(
      withSession(sessions, (_request, response, session) => {
        session.set("step", 1)
        response.writeHead(200, { "Content-Type": "text/event-stream" })
        response.flushHeaders()
        streams.push(response)
      }),
    )
    const wire = new Wire(server).request()
    assert.match(await wire.until(text => text.includes("\r\n\r\n")), /set-cookie: sid=/i)
    assert.equal(store.stored("step"), 1)
    streams[0]?.write("data: 1\n\n")
    await wire.until(text => text.includes("data: 1"))
    streams[0]?.end()
    assert.equal(await wire.ended, "complete")
  })

  it("requests that follow each other on one connection are answered in order, each after its own commit", async () => {
    const { sessions, store } = spied()
    await using server = await serve(
      withSession(sessions, (request, response, session) => {
        session.set("path", request.url)
        response.end(`<${request.url}>`)
      }),
    )
    const wire = new Wire(server)
    for (const path of ["/a", "/b"]) wire.send(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    const text = await wire.request("/c").answer()
    assert.deepEqual(text.match(/<\/.>/g), ["</a>", "</b>", "</c>"])
    assert.equal(text.match(/set-cookie: sid=/gi)?.length, 3)
    assert.equal(store.records.length, 3)
  })
})
