import { connect, type Socket } from "node:net"
import { setTimeout as delay } from "node:timers/promises"
import type { Served } from "./served.ts"

/** A client that sees bytes: what arrived, when nothing did, and how the connection ended. */
export class Wire {
  /** The connection's end: `complete` after the server's FIN, `broken` after a reset. */
  readonly ended: Promise<"complete" | "broken">
  readonly #socket: Socket
  #received = ""

  constructor({ port }: Served) {
    this.#socket = connect(port, "localhost")
    this.#socket.setEncoding("latin1").on("data", text => {
      this.#received += text
    })
    this.ended = new Promise(resolve => {
      this.#socket.on("end", () => resolve("complete")).on("error", () => resolve("broken"))
    })
  }

  get received(): string {
    return this.#received
  }

  /** Sends a request that ends its connection, unless its headers say otherwise. */
  request(path = "/", headers: Record<string, string> = {}, method = "GET"): this {
    const all = { Host: "localhost", Connection: "close", ...headers }
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
    return this.send(`${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`)
  }

  send(text: string): this {
    this.#socket.write(text, "latin1")
    return this
  }

  async until(found: (received: string) => boolean): Promise<string> {
    while (!found(this.#received)) await delay(2)
    return this.#received
  }

  /** The whole answer of a connection that the server ends. */
  async answer(): Promise<string> {
    await this.ended
    return this.#received
  }

  /** Goes away without a word, as a closed tab does. */
  abort(): void {
    this.#socket.destroy()
  }
}

/** An HTTP/1.1 answer as it came over the wire, with chunks joined. */
export interface Answer {
  readonly status: number
  readonly reason: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string
  readonly trailers: string
  /** Whether the body is as long as the head promised. */
  readonly whole: boolean
}

export function parseAnswer(text: string): Answer {
  const split = text.indexOf("\r\n\r\n")
  const [first = "", ...lines] = text.slice(0, split).split("\r\n")
  const [, status, reason = ""] = /^HTTP\/1\.1 (\d+) (.*)$/.exec(first) ?? []
  const headers = lines.map(line => {
    const colon = line.indexOf(":")
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const
  })
  const value = (name: string) => headers.find(each => each[0] === name)?.[1]
  const rest = text.slice(split + 4)
  const body = value("transfer-encoding") === "chunked" ? dechunked(rest) : { body: rest, trailers: "" }
  const length = value("content-length")
  const whole = "whole" in body ? body.whole : length === undefined || Number(length) === rest.length
  return { status: Number(status), reason, headers, ...body, whole }
}

export const headerOf = (answer: Answer, name: string): string[] =>
  answer.headers.filter(([each]) => each === name).map(([, value]) => value)

/** The `name=value` that the answer sets for the session. */
export const cookieOf = (answer: Answer): string | undefined =>
  headerOf(answer, "set-cookie")
    .find(line => line.startsWith("sid="))
    ?.split(";")[0]

function dechunked(text: string): { body: string; trailers: string; whole: boolean } {
  let body = ""
  let at = 0
  for (;;) {
    const line = text.indexOf("\r\n", at)
    const size = line === -1 ? Number.NaN : Number.parseInt(text.slice(at, line), 16)
    if (Number.isNaN(size)) return { body, trailers: "", whole: false }
    if (size === 0) {
      const trailers = text.slice(line + 2)
      return { body, trailers: trailers.trim(), whole: trailers.endsWith("\r\n") }
    }
    body += text.slice(line + 2, line + 2 + size)
    at = line + 2 + size + 2
  }
}
