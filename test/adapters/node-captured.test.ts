import assert from "node:assert/strict"
import { once } from "node:events"
import { createServer, type RequestListener } from "node:http"
import { it } from "node:test"
import { withSession } from "../../src/adapters/node.ts"
import { Sessions } from "../../src/http/sessions.ts"
import { createMemoryStore } from "../../src/stores/memory/index.ts"

async function get(listener: RequestListener): Promise<Response> {
  const server = createServer(listener).listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  assert.ok(typeof address === "object" && address !== null)
  try {
    return await fetch(`http://127.0.0.1:${address.port}`)
  } finally {
    server.close()
  }
}

it("G6: a method of the response that was taken hold of before the session changed waits all the same", async () => {
  await using sessions = new Sessions<{ count: number }>(createMemoryStore())
  const count = (value = 0) => value + 1
  const answer = await get(
    withSession(sessions, async (_, response, session) => {
      // JavaScript looks up `end` first, and evaluates its arguments afterwards.
      response.end(String(await session.update("count", count)))
    }),
  )
  assert.equal(answer.status, 200)
  assert.equal(await answer.text(), "1")
  assert.equal(answer.headers.getSetCookie().length, 1)
  assert.equal(await sessions.countLive(), 1)
})
