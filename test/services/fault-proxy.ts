/** A TCP proxy whose network can be made slow, silent or broken, to test what a client and a server make of it. */
import { once } from "node:events"
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net"
import { Lane, reset, type Weather } from "./fault-lane.ts"

/** `up` is from the client to the server. */
export type Direction = "up" | "down"

/** Where the server listens: a port, on 127.0.0.1 unless said otherwise, or the path of a socket. */
export type ServerAddress = { readonly port: number; readonly host?: string } | { readonly path: string }

export interface Delay {
  /** One direction alone; both if left out. */
  readonly direction?: Direction
  /** At most so many milliseconds more, by chance. What was sent first still arrives first. */
  readonly jitter?: number
  /** Needed for jitter. From 0 up to, but not including, 1. */
  readonly random?: () => number
}

export interface ProxyStats {
  readonly open: number
  readonly accepted: number
  readonly refused: number
  /** Bytes delivered. */
  readonly bytes: Readonly<Record<Direction, number>>
  /** Bytes that vanished. */
  readonly lost: Readonly<Record<Direction, number>>
}

interface Link {
  readonly sockets: readonly Socket[]
  readonly lanes: readonly Lane[]
}

/** Listens on a free port of 127.0.0.1. Every fault is for the connections that are open and for those to come. */
export async function startFaultProxy(server: ServerAddress): Promise<FaultProxy> {
  const listener = createServer({ allowHalfOpen: true })
  listener.listen(0, "127.0.0.1")
  await once(listener, "listening")
  return new FaultProxy(listener, server)
}

export class FaultProxy {
  readonly host = "127.0.0.1"
  readonly port: number
  readonly #listener: Server
  readonly #server: ServerAddress
  readonly #links = new Set<Link>()
  readonly #weather: Record<Direction, Weather> = { up: fair(), down: fair() }
  #refusing = false
  #accepted = 0
  #refused = 0

  constructor(listener: Server, server: ServerAddress) {
    this.#listener = listener
    this.#server = server
    this.port = (listener.address() as AddressInfo).port
    listener.on("connection", socket => this.#accept(socket))
  }

  get stats(): ProxyStats {
    const { up, down } = this.#weather
    return {
      open: this.#links.size,
      accepted: this.#accepted,
      refused: this.#refused,
      bytes: { up: up.carried, down: down.carried },
      lost: { up: up.lost, down: down.lost },
    }
  }

  /** The same URL, but through the proxy. */
  via(url: string): string {
    const proxied = new URL(url)
    proxied.hostname = this.host
    proxied.port = String(this.port)
    return proxied.href
  }

  /** What is sent from now on arrives so many milliseconds later. */
  delay(milliseconds: number, { direction, jitter = 0, random = () => 0 }: Delay = {}): void {
    for (const each of directions(direction)) {
      this.#weather[each].delay = () => milliseconds + jitter * random()
    }
  }

  /** Bytes are accepted and vanish, on their way ones too, and so does the news that a side has closed. */
  halfOpen(direction?: Direction): void {
    for (const each of directions(direction)) this.#weather[each].silent = true
  }

  /** Resets every connection; new ones may come. */
  cut(): void {
    for (const link of this.#links) this.#end(link)
  }

  /** New connections are reset at once; those that are open stay. */
  refuse(): void {
    this.#refusing = true
  }

  /** Ends every fault. Connections that have lost bytes are reset, as their peers would do. */
  heal(): void {
    this.#refusing = false
    for (const weather of Object.values(this.#weather)) {
      weather.silent = false
      weather.delay = () => 0
    }
    for (const link of this.#links) {
      if (link.lanes.length === 0 || link.lanes.some(lane => lane.torn)) this.#end(link)
    }
  }

  /** Resets every connection and stops listening. A second call does nothing. */
  async close(): Promise<void> {
    this.refuse()
    this.cut()
    if (!this.#listener.listening) return
    this.#listener.close()
    await once(this.#listener, "close")
  }

  #accept(client: Socket): void {
    client.on("error", () => {})
    if (this.#refusing) {
      this.#refused++
      reset(client)
      return
    }
    this.#accepted++
    const { up, down } = this.#weather
    if (up.silent || down.silent) this.#strand(client)
    else this.#link(client, connect({ ...this.#server, allowHalfOpen: true }))
  }

  /** Open, as the client sees it; the server never hears of it. */
  #strand(client: Socket): void {
    client.on("data", chunk => {
      this.#weather.up.lost += chunk.length
    })
    this.#keep({ sockets: [client], lanes: [] })
  }

  #link(client: Socket, server: Socket): void {
    const { up, down } = this.#weather
    client.setNoDelay(true)
    server.setNoDelay(true)
    this.#keep({
      sockets: [client, server],
      lanes: [new Lane(client, server, up), new Lane(server, client, down)],
    })
  }

  #keep(link: Link): void {
    this.#links.add(link)
    for (const socket of link.sockets) {
      socket.on("close", () => {
        if (link.sockets.every(({ destroyed }) => destroyed)) this.#links.delete(link)
      })
    }
  }

  #end({ sockets }: Link): void {
    for (const socket of sockets) reset(socket)
  }
}

const fair = (): Weather => ({ delay: () => 0, silent: false, carried: 0, lost: 0 })

const directions = (direction: Direction | undefined): readonly Direction[] =>
  direction ? [direction] : ["up", "down"]
