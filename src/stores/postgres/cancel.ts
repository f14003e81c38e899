import { connect } from "node:net"
import type { PostgresClient } from "./pool.ts"

/** "PostgreSQL documentation, 55.7 Message Formats", CancelRequest. */
const CANCEL_REQUEST = 80877102
const LENGTH = 16
const PATIENCE = 1000

/**
 * Asks the server to end what the connection is doing, over a connection of its own, so that it needs no place in the pool.
 * Resolves when the server, or the pooler before it, has taken the request, and at the latest after a second: what
 * cannot be cancelled ends at the server's own timeout. Until then the connection has to stay open, for a pooler knows it by that.
 */
export function requestCancel({ host, port, processID, secretKey }: PostgresClient): Promise<void> {
  if (host === undefined || port === undefined) return Promise.resolve()
  if (typeof processID !== "number" || typeof secretKey !== "number") return Promise.resolve()
  const message = Buffer.alloc(LENGTH)
  message.writeInt32BE(LENGTH, 0)
  message.writeInt32BE(CANCEL_REQUEST, 4)
  message.writeInt32BE(processID, 8)
  message.writeInt32BE(secretKey, 12)
  const socket = host.startsWith("/") ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host)
  const timer = setTimeout(() => socket.destroy(), PATIENCE)
  socket.on("error", () => socket.destroy())
  socket.write(message)
  // The other side closes when it is done.
  socket.resume()
  return new Promise(resolve => {
    socket.on("close", () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
