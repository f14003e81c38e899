import type { ServerResponse } from "node:http"
import { createGzip, type Gzip } from "node:zlib"

type Listener = Parameters<ServerResponse["on"]>[1]

/**
 * Compresses a response in the way of Express's `compression`: replaces `write`, `end` and `on`, decides when the head is
 * written, and hands the listeners for `drain` to its own stream.
 */
export function compress(response: ServerResponse): void {
  const { write, end, on, writeHead } = response
  let gzip: Gzip | undefined
  let waiting: Listener[] = []

  response.writeHead = (...args: unknown[]) => {
    if (!gzip) begin()
    return Reflect.apply(writeHead, response, args)
  }
  const begin = () => {
    const stream = createGzip()
    gzip = stream
    for (const listener of waiting) stream.on("drain", listener)
    waiting = []
    response.setHeader("Content-Encoding", "gzip")
    response.removeHeader("Content-Length")
    stream.on("data", chunk => {
      if (Reflect.apply(write, response, [chunk]) === false) stream.pause()
    })
    stream.on("end", () => Reflect.apply(end, response, []))
    Reflect.apply(on, response, ["drain", () => stream.resume()])
  }
  const headWritten = (): void => {
    if (!response.headersSent) response.writeHead(response.statusCode)
  }
  response.write = (chunk: unknown) => {
    headWritten()
    return gzip?.write(chunk) ?? false
  }
  response.end = (chunk?: unknown) => {
    headWritten()
    gzip?.end(chunk ?? "")
    return response
  }
  response.on = (event: string | symbol, listener: Listener) => {
    if (event !== "drain") Reflect.apply(on, response, [event, listener])
    else if (gzip) gzip.on(event, listener)
    else waiting.push(listener)
    return response
  }
}
