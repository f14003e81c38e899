import { SessionError } from "../../contract/errors.ts"
import { connectListener, type ListenClient, type UnconnectedClient } from "./listener-client.ts"
import type { PostgresPool } from "./pool.ts"

/** Opens the connection that a feed listens on. */
export type ConnectFeed = (signal: AbortSignal) => Promise<ListenClient>

/** A connection of the feed's own. */
export const connectNew =
  (create: () => UnconnectedClient): ConnectFeed =>
  signal =>
    connectListener(create(), signal)

/** A connection of the pool, which the feed keeps until it closes. */
export const connectPooled =
  (pool: PostgresPool): ConnectFeed =>
  async () => {
    const client: unknown = await pool.connect()
    if (!isListenable(client)) throw cannotListen()
    let released = false
    return {
      query: text => client.query(text),
      on: (event: string, listener: (value: never) => void) => client.on(event, listener),
      end: async () => {
        if (!released) client.release(true)
        released = true
      },
      ...(client.connection && { connection: client.connection }),
    }
  }

/** The parts of a `pg.PoolClient` that listening takes. */
interface Listenable {
  query(text: string): Promise<unknown>
  on(event: string, listener: (value: never) => void): unknown
  release(destroy: boolean): void
  readonly connection?: ListenClient["connection"]
}

const isListenable = (client: unknown): client is Listenable =>
  typeof client === "object" && client !== null && "on" in client && typeof client.on === "function"

const cannotListen = (): SessionError =>
  new SessionError(
    "ERR_SESSION_UNSUPPORTED",
    "The connections of this pool emit no events, so that no feed can listen on them. Give listenUrl, or a pool of pg.",
  )
