import { once } from "node:events"
import { createServer, type IncomingHttpHeaders } from "node:http"
import type { AddressInfo } from "node:net"
import { createApp } from "../../examples/shop/app.ts"
import type { Sessions } from "../../src/index.ts"

/** A request that has reached the shop, and how it was answered. */
export interface Served {
  readonly method: string | undefined
  readonly path: string | undefined
  readonly headers: IncomingHttpHeaders
  readonly status: number
}

/** The shop in this process, with sessions of the test's own making. */
export interface ShopHere extends AsyncDisposable {
  readonly address: string
  /** What it has answered so far. */
  readonly served: readonly Served[]
}

export async function serveShop(sessions: Sessions, loginAttempts?: number): Promise<ShopHere> {
  const app = createApp(sessions, loginAttempts)
  const served: Served[] = []
  const server = createServer((request, response) => {
    const { headers, method, url: path } = request
    response.once("finish", () => served.push({ method, path, headers, status: response.statusCode }))
    app(request, response)
  })
  server.listen(0, "localhost")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  return {
    address: `http://localhost:${port}`,
    served,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, "close")
      server.close().closeAllConnections()
      await closed
    },
  }
}
