import { createServer, type RequestListener, type Server } from "node:http"
import type { Server as NetServer } from "node:net"

/** A server on a free port, closed with all its connections when it goes out of scope. */
export class Served implements AsyncDisposable {
  readonly port: number
  readonly origin: string
  readonly #server: NetServer
  readonly #closeConnections: () => void

  private constructor(server: NetServer, closeConnections: () => void) {
    const address = server.address()
    if (address === null || typeof address === "string")
      throw new Error("the server does not listen on a port")
    this.port = address.port
    this.origin = `http://localhost:${address.port}`
    this.#server = server
    this.#closeConnections = closeConnections
  }

  static async at(server: NetServer, closeConnections: () => void): Promise<Served> {
    await new Promise<void>(resolve => server.listen(0, "localhost", resolve))
    return new Served(server, closeConnections)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise(resolve => this.#server.close(resolve))
    this.#closeConnections()
    await closed
  }
}

/** Serves a listener by `node:http`. */
export async function serve(listener: RequestListener): Promise<Served> {
  const server: Server = createServer(listener)
  return await Served.at(server, () => server.closeAllConnections())
}
