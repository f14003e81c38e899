import { once } from "node:events"
import { type AddressInfo, connect, createServer, type Server } from "node:net"
import type { NodeProcess } from "./nodes.ts"

/** Hands each connection to the next node: round robin, and no stickiness whatever. */
export class Balancer {
  readonly #server: Server
  #next = 0

  private constructor(nodes: readonly NodeProcess[]) {
    this.#server = createServer(client => {
      const node = nodes[this.#next++ % nodes.length]
      const server = connect(node?.port ?? 0, "127.0.0.1")
      client.pipe(server).pipe(client)
      client.on("error", () => server.destroy())
      server.on("error", () => client.destroy())
    })
  }

  static async before(nodes: readonly NodeProcess[]): Promise<Balancer> {
    const balancer = new Balancer(nodes)
    balancer.#server.listen(0, "127.0.0.1")
    await once(balancer.#server, "listening")
    return balancer
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async close(): Promise<void> {
    this.#server.close()
    await once(this.#server, "close")
  }
}
