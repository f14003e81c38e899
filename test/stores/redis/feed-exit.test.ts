import assert from "node:assert/strict"
import { execFile } from "node:child_process"
import { once } from "node:events"
import { type AddressInfo, createServer, type Server, type Socket } from "node:net"
import { after, before, test } from "node:test"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { type RunningServers, startSingle } from "./feed-servers.ts"

const CHILD = fileURLToPath(new URL("feed-closing-child.ts", import.meta.url))
const run = promisify(execFile)

let running: RunningServers
let silent: Server
const sockets = new Set<Socket>()

before(async () => {
  running = await startSingle()
  silent = createServer(socket => {
    sockets.add(socket)
    socket.on("error", () => undefined)
    socket.resume()
  })
  silent.listen(0, "127.0.0.1")
  await once(silent, "listening")
})

after(async () => {
  for (const socket of sockets) socket.destroy()
  silent.close()
  await running[Symbol.asyncDispose]()
})

const servers = {
  "that answers": () => running.servers[0].port,
  "that accepts and never answers": () => (silent.address() as AddressInfo).port,
  "that refuses": () => 1,
}

for (const library of ["node-redis", "ioredis"]) {
  for (const [name, port] of Object.entries(servers)) {
    for (const milliseconds of [0, 300]) {
      test(`with ${library} and a server ${name}, a process ends once its feed is closed after ${milliseconds} ms`, async () => {
        const { stdout, stderr } = await run(
          process.execPath,
          [CHILD, library, `${port()}`, `${milliseconds}`],
          { timeout: 60_000 },
        )
        assert.equal(stderr, "")
        assert.equal(JSON.parse(stdout).isConnected, false)
      })
    }
  }
}
