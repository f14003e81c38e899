import { EventEmitter } from "node:events"
import type { ListenClient } from "../../../src/stores/postgres/listener-client.ts"

/** A database that connections listen to. What goes wrong with it is set by the test. */
export class FakeDatabase {
  readonly clients: FakeClient[] = []
  readonly published: string[] = []
  /** Answers to LISTEN. */
  answers = true
  /** Delivers what is published. */
  delivers = true
  connectError: Error | undefined
  publishError: Error | undefined

  readonly connect = async (): Promise<ListenClient> => {
    if (this.connectError) throw this.connectError
    const client = new FakeClient(this)
    this.clients.push(client)
    return client
  }

  readonly publish = async (payload: string): Promise<void> => {
    if (this.publishError) throw this.publishError
    this.published.push(payload)
    if (this.delivers) this.deliver(payload)
  }

  deliver(payload: string, channel = "channel"): void {
    for (const client of this.clients) {
      if (!client.destroyed) client.events.emit("notification", { channel, payload })
    }
  }

  get latest(): FakeClient {
    const client = this.clients.at(-1)
    if (!client) throw new Error("nobody has connected")
    return client
  }
}

export class FakeClient implements ListenClient {
  readonly events = new EventEmitter()
  readonly queries: string[] = []
  readonly connection: { readonly stream: { destroy(): void } }
  readonly #database: FakeDatabase
  destroyed = false
  ended = false

  constructor(database: FakeDatabase) {
    this.#database = database
    const destroy = (): void => {
      this.destroyed = true
      this.events.emit("end")
    }
    this.connection = { stream: { destroy } }
  }

  query(text: string): Promise<unknown> {
    this.queries.push(text)
    return this.#database.answers ? Promise.resolve() : new Promise(() => {})
  }

  on(event: string, listener: (...values: never[]) => void): unknown {
    return this.events.on(event, listener as (...values: unknown[]) => void)
  }

  /** As pg: settles when the connection has ended, which a dead server never lets happen. */
  end(): Promise<void> {
    this.ended = true
    return new Promise(resolve => this.events.once("end", () => resolve()))
  }
}
