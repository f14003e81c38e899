import assert from "node:assert/strict"
import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { type AddressInfo, connect, createServer, type ListenOptions, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type TestContext, test } from "node:test"
import { SeededRandom } from "../../src/testing/seeded-random.ts"
import { eventually } from "./eventually.ts"
import { type FaultProxy, startFaultProxy } from "./fault-proxy.ts"

/** A socket and what became of it. */
class Peer {
  readonly socket: Socket
  heard = ""
  end: "open" | "ended" | "reset" = "open"

  constructor(socket: Socket) {
    this.socket = socket
    socket.on("data", chunk => {
      this.heard += chunk.toString("latin1")
    })
    socket.on("end", () => {
      this.end = "ended"
    })
    socket.on("error", () => {
      this.end = "reset"
    })
  }

  hears(text: string): Promise<void> {
    return eventually(`hears ${text}`, () => this.heard === text)
  }

  isReset(): Promise<void> {
    return eventually("is reset", () => this.end === "reset")
  }
}

interface Scene {
  readonly proxy: FaultProxy
  /** The server's side of the connections, in order. */
  readonly served: Peer[]
  /** A new connection through the proxy. */
  client(): Promise<Peer>
  /** The same, and the server's side of it. */
  pair(): Promise<{ client: Peer; server: Peer }>
}

async function scene(t: TestContext, listen: ListenOptions = { port: 0, host: "127.0.0.1" }): Promise<Scene> {
  const served: Peer[] = []
  const server = createServer(socket => void served.push(new Peer(socket)))
  server.listen(listen)
  await once(server, "listening")
  const { path } = listen
  const proxy = await startFaultProxy(path ? { path } : { port: (server.address() as AddressInfo).port })
  const clients: Peer[] = []
  const client = async (): Promise<Peer> => {
    const socket = connect(proxy.port, proxy.host)
    const peer = new Peer(socket)
    clients.push(peer)
    await once(socket, "connect")
    return peer
  }
  const pair = async (): Promise<{ client: Peer; server: Peer }> => {
    const index = served.length
    const opened = await client()
    await eventually("the server accepts", () => served.length > index)
    return { client: opened, server: served[index] ?? opened }
  }
  t.after(async () => {
    await proxy.close()
    for (const { socket } of [...served, ...clients]) socket.destroy()
    server.close()
  })
  return { proxy, served, client, pair }
}

test("carries bytes and the end in both directions", async t => {
  const { proxy, pair } = await scene(t)
  const { client, server } = await pair()
  client.socket.write("ping")
  await server.hears("ping")
  server.socket.end("pong")
  await client.hears("pong")
  await eventually("the client sees the end", () => client.end === "ended")
  await eventually("the connection is forgotten", () => proxy.stats.open === 0)
  assert.deepEqual(proxy.stats.bytes, { up: 4, down: 4 })
})

test("carries more than the buffers hold", async t => {
  const { pair } = await scene(t)
  const { client, server } = await pair()
  const length = 8 * 1024 * 1024
  client.socket.write(Buffer.alloc(length, "x"))
  await eventually("all arrives", () => server.heard.length === length)
})

test("a delay holds up what is sent, in its order, whatever the jitter", async t => {
  const { proxy, pair } = await scene(t)
  const { client, server } = await pair()
  const random = new SeededRandom(1)
  proxy.delay(40, { direction: "up", jitter: 30, random: () => random.below(1000) / 1000 })
  const start = performance.now()
  const digits = "0123456789".repeat(5)
  for (const digit of digits) {
    client.socket.write(digit)
    await new Promise(resolve => setImmediate(resolve))
  }
  await server.hears(digits)
  assert.ok(performance.now() - start >= 39)
})

test("half-open, bytes vanish and nobody learns that the other side is gone", async t => {
  const { proxy, served, client, pair } = await scene(t)
  const { client: old, server } = await pair()
  proxy.halfOpen()
  old.socket.write("lost")
  server.socket.write("lost too")
  await eventually("bytes vanish", () => proxy.stats.lost.up === 4 && proxy.stats.lost.down === 8)
  old.socket.destroy()
  const late = await client()
  late.socket.write("late")
  await eventually("late bytes vanish", () => proxy.stats.lost.up === 8)
  assert.deepEqual([server.heard, server.end, old.heard, late.end], ["", "open", "", "open"])
  assert.equal(served.length, 1)
})

test("one direction alone can be half-open", async t => {
  const { proxy, pair } = await scene(t)
  const { client, server } = await pair()
  proxy.halfOpen("down")
  client.socket.write("there")
  await server.hears("there")
  server.socket.write("back")
  await eventually("bytes vanish", () => proxy.stats.lost.down === 4)
  assert.equal(client.heard, "")
})

test("bytes that are on their way when the line goes half-open vanish too", async t => {
  const { proxy, pair } = await scene(t)
  const { client, server } = await pair()
  proxy.delay(50)
  client.socket.write("under way")
  await new Promise(resolve => setImmediate(resolve))
  proxy.halfOpen()
  await eventually("bytes vanish", () => proxy.stats.lost.up === 9)
  assert.equal(server.heard, "")
})

test("heal resets the connections that have lost bytes and leaves the others", async t => {
  const { proxy, client, pair } = await scene(t)
  const whole = await pair()
  const torn = await pair()
  proxy.halfOpen()
  torn.client.socket.write("lost")
  const stranded = await client()
  await eventually("bytes vanish", () => proxy.stats.lost.up === 4)
  proxy.heal()
  await Promise.all([torn.client.isReset(), torn.server.isReset(), stranded.isReset()])
  whole.client.socket.write("well")
  await whole.server.hears("well")
  const fresh = await pair()
  fresh.client.socket.write("fresh")
  await fresh.server.hears("fresh")
})

test("cut resets both sides of every connection, and new ones may come", async t => {
  const { proxy, pair } = await scene(t)
  const pairs = [await pair(), await pair()]
  proxy.cut()
  for (const { client, server } of pairs) await Promise.all([client.isReset(), server.isReset()])
  const { client, server } = await pair()
  client.socket.write("again")
  await server.hears("again")
})

test("refuse resets new connections and leaves those that are open", async t => {
  const { proxy, pair } = await scene(t)
  const open = await pair()
  proxy.refuse()
  const refused = new Peer(connect(proxy.port, proxy.host))
  await refused.isReset()
  open.client.socket.write("still here")
  await open.server.hears("still here")
  assert.equal(proxy.stats.refused, 1)
  proxy.heal()
  await pair()
})

test("a client is reset when the server cannot be reached", async t => {
  const { proxy: gone } = await scene(t)
  await gone.close()
  const proxy = await startFaultProxy({ port: gone.port })
  t.after(() => proxy.close())
  const client = new Peer(connect(proxy.port, proxy.host))
  await client.isReset()
})

test("reaches a server by the path of its socket, and can cut it", async t => {
  const directory = await mkdtemp(join(tmpdir(), "fault-proxy-"))
  t.after(() => rm(directory, { recursive: true, force: true }))
  const { proxy, pair } = await scene(t, { path: join(directory, "socket") })
  const { client, server } = await pair()
  client.socket.write("by path")
  await server.hears("by path")
  proxy.cut()
  await client.isReset()
})

test("rewrites a URL so that it leads through the proxy", async t => {
  const { proxy } = await scene(t)
  const url = proxy.via("postgres://user:secret@db.example:5432/app?x=1")
  assert.equal(url, `postgres://user:secret@127.0.0.1:${proxy.port}/app?x=1`)
})

test("close resets everything and frees the port, and a second one does nothing", async t => {
  const { proxy, pair } = await scene(t)
  const { client, server } = await pair()
  proxy.delay(60_000)
  client.socket.write("never")
  await Promise.all([proxy.close(), proxy.close()])
  await Promise.all([client.isReset(), server.isReset()])
  const late = new Peer(connect(proxy.port, proxy.host))
  await late.isReset()
})
