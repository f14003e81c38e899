/** What the feed uses of a `pg.Client`. */
export interface ListenClient {
  query(text: string): Promise<unknown>
  on(event: "notification", listener: (message: ChannelMessage) => void): unknown
  on(event: "error", listener: (error: Error) => void): unknown
  on(event: "end", listener: () => void): unknown
  end(): Promise<void>
  /** Where pg keeps its socket. */
  readonly connection?: { readonly stream: { destroy(): unknown } }
}

export interface ChannelMessage {
  readonly channel: string
  readonly payload?: string | undefined
}

/** What {@link connectListener} uses of a `pg.Client` that is not connected yet. */
export interface UnconnectedClient extends ListenClient {
  connect(): Promise<unknown>
}

/** Connects until the signal aborts: pg by itself waits without end for a server that accepts and says nothing. */
export async function connectListener(client: UnconnectedClient, signal: AbortSignal): Promise<ListenClient> {
  signal.throwIfAborted()
  const giveUp = (): void => void hangUp(client)
  signal.addEventListener("abort", giveUp)
  client.on("error", ignored)
  try {
    await client.connect()
    return client
  } catch (error) {
    giveUp()
    throw error
  } finally {
    signal.removeEventListener("abort", giveUp)
  }
}

/** Says goodbye and destroys the socket at once: whoever waits for a dead server's answer waits for ever. */
export async function hangUp(client: ListenClient): Promise<void> {
  client.on("error", ignored)
  const ended = client.end().catch(ignored)
  if (!client.connection) return
  client.connection.stream.destroy()
  await ended
}

function ignored(): void {}
