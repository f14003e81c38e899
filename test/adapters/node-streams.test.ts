import assert from "node:assert/strict"
import { createHash } from "node:crypto"
import { createReadStream, writeFileSync } from "node:fs"
import { mkdtemp, readFile, rm } from "node:fs/promises"
import type { ServerResponse } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { PassThrough } from "node:stream"
import { pipeline } from "node:stream/promises"
import { after, before, describe, it } from "node:test"
import { setTimeout as delay } from "node:timers/promises"
import { withSession } from "../../src/adapters/node.ts"
import type { Sessions } from "../../src/http/sessions.ts"
import { compress } from "./compressing.ts"
import { serve } from "./served.ts"
import { spied } from "./sessions.ts"
import { Barrier, broken } from "./spy-store.ts"
import { parseAnswer, Wire } from "./wire.ts"

/** Half of it is easily compressed, half not at all. */
const SIZE = 1_048_576

let directory: string
let file: string

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "sojourn-streams-"))
  file = join(directory, "large.bin")
  const noise = Array.from({ length: 16_384 }, (_, index) =>
    createHash("sha256").update(String(index)).digest(),
  )
  writeFileSync(file, Buffer.concat([Buffer.alloc(SIZE / 2, "All that glitters is not gold. "), ...noise]))
})
after(() => rm(directory, { recursive: true }))

const ways: Record<string, (response: ServerResponse) => unknown> = {
  pipe: response => createReadStream(file).pipe(response),
  "pipe in small parts": response => createReadStream(file, { highWaterMark: 1_000 }).pipe(response),
  pipeline: response => pipeline(createReadStream(file), response),
  "an async generator": response =>
    pipeline(async function* () {
      yield* createReadStream(file)
    }, response),
  "end with everything": async response => response.end(await readFile(file)),
}

describe("streamed bodies", () => {
  for (const order of ["before", "after"]) {
    const place = `by a middleware ${order} the session's`
    const serveCompressed = async (sessions: Sessions, send: (response: ServerResponse) => unknown) => {
      const listener = withSession(
        sessions,
        async (_request, response, session) => {
          if (order === "after") compress(response)
          session.set("step", 1)
          await send(response)
        },
        { onError: () => {} },
      )
      return await serve((request, response) => {
        if (order === "before") compress(response)
        listener(request, response)
      })
    }

    for (const [way, send] of Object.entries(ways)) {
      it(`a body compressed ${place} arrives whole, by ${way}`, async () => {
        const { sessions, store } = spied()
        await using server = await serveCompressed(sessions, send)
        const answer = await fetch(server.origin, { signal: AbortSignal.timeout(5_000) })
        const body = Buffer.from(await answer.arrayBuffer())
        assert.ok(body.equals(await readFile(file)))
        assert.equal(answer.headers.get("content-encoding"), "gzip")
        assert.match(answer.headers.get("set-cookie") ?? "", /^sid=/)
        assert.equal(store.stored("step"), 1)
      })

      it(`a body compressed ${place} is dropped for the error page when the commit fails, by ${way}`, async () => {
        const { sessions, store } = spied()
        store.beforeApply = broken
        await using server = await serveCompressed(sessions, send)
        const answer = await fetch(server.origin, { signal: AbortSignal.timeout(5_000) })
        assert.equal(await answer.text(), "The service is busy. Please try again.\n")
        assert.equal(answer.status, 503)
      })
    }
  }

  it("G10: while the store is slow, a source is not read into memory", async () => {
    const { sessions, store } = spied()
    const barrier = new Barrier()
    store.beforeApply = barrier.hook
    const source = createReadStream(file)
    await using server = await serve(
      withSession(sessions, (_request, response, session) => {
        session.set("step", 1)
        source.pipe(response)
      }),
    )
    const wire = new Wire(server).request()
    await barrier.reached
    await delay(30)
    assert.ok(source.bytesRead <= 4 * source.readableHighWaterMark, `${source.bytesRead} bytes were read`)
    barrier.open()
    assert.equal(parseAnswer(await wire.answer()).body.length, SIZE)
  })

  it("G6: when the commit fails, the body's source is closed and its pipeline ends", async () => {
    const { sessions, store } = spied()
    store.beforeApply = broken
    const source = createReadStream(file)
    const piped = Promise.withResolvers<unknown>()
    await using server = await serve(
      withSession(
        sessions,
        (_request, response, session) => {
          session.set("step", 1)
          pipeline(source, response).then(piped.resolve, piped.resolve)
        },
        { onError: () => {} },
      ),
    )
    const answer = parseAnswer(await new Wire(server).request().answer())
    assert.equal(answer.status, 503)
    assert.ok(answer.whole)
    await piped.promise
    assert.ok(source.destroyed)
  })

  it("when the commit fails, a source that others read too goes on", async () => {
    const { sessions, store } = spied()
    store.beforeApply = broken
    const source = new PassThrough()
    let heard = ""
    source.on("data", chunk => {
      heard += chunk
    })
    await using server = await serve(
      withSession(
        sessions,
        (_request, response, session) => {
          session.set("step", 1)
          source.pipe(response)
          source.write("one ")
        },
        { onError: () => {} },
      ),
    )
    assert.equal(parseAnswer(await new Wire(server).request().answer()).status, 503)
    source.write("two")
    await delay(5)
    assert.equal(heard, "one two")
    assert.equal(source.destroyed, false)
  })

  it("when the commit fails, a producer that writes on neither spoils the error page nor ends the process", async () => {
    const { sessions, store } = spied()
    store.beforeApply = broken
    const written = Promise.withResolvers<void>()
    await using server = await serve(
      withSession(
        sessions,
        async (_request, response, session) => {
          session.set("step", 1)
          response.write("one")
          await delay(20)
          response.write("two")
          response.end("three")
          written.resolve()
        },
        { onError: () => {} },
      ),
    )
    const answer = parseAnswer(await new Wire(server).request().answer())
    assert.partialDeepStrictEqual(answer, {
      status: 503,
      whole: true,
      body: "The service is busy. Please try again.\n",
    })
    await written.promise
    await delay(5)
  })
})
