import assert from "node:assert/strict"
import { once } from "node:events"
import { type AddressInfo, createServer, type Socket } from "node:net"
import { describe, it, type TestContext } from "node:test"
import { createPostgresStore } from "../../../src/stores/postgres/index.ts"

/** A message of the server: its kind, its length, its body (PostgreSQL documentation, 54.7). */
function message(kind: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head.write(kind)
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

const AUTHENTICATED = message("R", Buffer.alloc(4))
const READY = message("Z", Buffer.from("I"))
const TERMINATED = message("E", Buffer.from("SFATAL\0VFATAL\0C57P01\0Mterminating connection\0\0"))

/** A server that answers each start-up in one packet: welcome, ready, and that it is going down. */
async function dyingServer(t: TestContext): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on("error", () => undefined)
    socket.once("data", () => socket.end(Buffer.concat([AUTHENTICATED, READY, TERMINATED])))
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

describe("a connection that dies in the moment in which it is handed out", () => {
  it("fails the call, and not the process", async t => {
    const port = await dyingServer(t)
    for (let attempt = 0; attempt < 5; attempt++) {
      await assert.rejects(createPostgresStore({ url: `postgres://app@127.0.0.1:${port}/app` }), {
        code: "ERR_SESSION_STORE_UNAVAILABLE",
      })
    }
  })
})
