import { IncomingMessage, ServerResponse } from "node:http"
import type { Socket } from "node:net"
import { Duplex } from "node:stream"
import type { Contender, FetchHandler } from "./contenders.ts"
import type { Listener } from "./peers.ts"

/** Sends requests to a contender in its own process: real requests and responses, but no network. */
export interface NullClient {
  /** Resolves once the response has been written whole. */
  send(path: string, cookie: string): Promise<void>
  /** Begins a session with `/write`, and resolves to its cookie; `""` when the contender gives none. */
  begin(): Promise<string>
}

export const nullClient = (contender: Contender): NullClient =>
  contender.listener ? nodeClient(contender.listener) : fetchClient(contender.handler)

/** A connection that takes everything and keeps nothing but the last head. */
class NullSocket extends Duplex {
  head = ""
  constructor() {
    super({ decodeStrings: false })
  }
  override _read(): void {}
  override _write(chunk: string | Buffer, _: BufferEncoding, done: () => void): void {
    if (typeof chunk === "string" && chunk.startsWith("HTTP/")) this.head = chunk
    done()
  }
}

function nodeClient(listener: Listener): NullClient {
  const sink = new NullSocket()
  // `IncomingMessage` is typed for a TCP socket, but any Duplex stream serves (see the server's `connection` event).
  const socket = sink as unknown as Socket
  const send = (path: string, cookie: string): Promise<void> =>
    new Promise(resolve => {
      const request = new IncomingMessage(socket)
      request.method = "GET"
      request.url = path
      addHeaders(request, ["Host", "localhost", "User-Agent", "bench", "Accept", "*/*", "Cookie", cookie])
      const response = new ServerResponse(request)
      response.assignSocket(socket)
      response.once("finish", () => {
        response.detachSocket(socket)
        resolve()
      })
      listener(request, response)
    })
  const begin = async (): Promise<string> => {
    await send("/write", "")
    return /^set-cookie: ([^;\r]+)/im.exec(sink.head)?.[1] ?? ""
  }
  return { send, begin }
}

/** As the HTTP parser does it: they are made sense of when somebody asks for them. Its cost belongs to who asks. */
const addHeaders = (request: IncomingMessage, headers: string[]): void =>
  Reflect.apply(Reflect.get(request, "_addHeaderLines"), request, [headers, headers.length])

function fetchClient(handler: FetchHandler): NullClient {
  const call = async (path: string, cookie: string): Promise<Response> =>
    await handler(new Request(`http://localhost${path}`, { headers: { cookie } }))
  return {
    send: async (path, cookie) => void (await call(path, cookie)),
    begin: async () => (await call("/write", "")).headers.getSetCookie()[0]?.split(";")[0] ?? "",
  }
}
