import { once } from "node:events"
import { createServer } from "node:net"

/**
 * A port that is free, as is the one of Redis' cluster bus, 10000 above it. Both are below those that the system gives to
 * clients, so nobody takes them while a server is down to be started again.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 12_000 + Math.floor(Math.random() * 10_000)
    if ((await isFree(port)) && (await isFree(port + 10_000))) return port
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  const free = new Promise<boolean>(resolve => {
    server.once("listening", () => resolve(true))
    server.once("error", () => resolve(false))
  })
  server.listen(port, "127.0.0.1")
  if (!(await free)) return false
  server.close()
  await once(server, "close")
  return true
}
