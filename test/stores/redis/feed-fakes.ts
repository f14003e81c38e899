import type { Shard, SubscriberConnection, SubscriberSource } from "../../../src/stores/redis/subscriber.ts"

/** What becomes of a published text: it comes back, it is lost, or the server refuses it. */
export type Answer = "echo" | "silence" | "refusal"

/** Masters that live in memory, whose every answer the test decides. */
export class FakeServers implements SubscriberSource {
  readonly connections: FakeConnection[] = []
  readonly masters: readonly (readonly string[])[]
  /** Called at each attempt, with its number from 1 on; may throw, or hold it. */
  onLocate: (attempt: number) => Promise<void> | void = () => undefined
  onOpen: (connection: FakeConnection) => void = () => undefined
  attempts = 0

  constructor(...masters: readonly (readonly string[])[]) {
    this.masters = masters
  }

  get channels(): readonly string[] {
    return this.masters.flat()
  }

  async locate(): Promise<readonly Shard[]> {
    this.attempts += 1
    await this.onLocate(this.attempts)
    return this.masters.map(channels => ({ channels, open: () => this.#open(channels) }))
  }

  /** The connection to the master of that number which was opened last. */
  last(master = 0): FakeConnection {
    const found = this.connections.findLast(({ channels }) => channels === this.masters[master])
    if (!found) throw new Error(`master ${master} has never been connected to`)
    return found
  }

  get open(): number {
    return this.connections.filter(({ closed }) => !closed).length
  }

  #open(channels: readonly string[]): SubscriberConnection {
    const connection = new FakeConnection(channels)
    this.connections.push(connection)
    this.onOpen(connection)
    return connection
  }
}

export class FakeConnection implements SubscriberConnection {
  readonly channels: readonly string[]
  readonly published: { channel: string; text: string }[] = []
  answer: Answer = "echo"
  /** Whether the server confirms the subscription by itself. */
  confirms = true
  closed = false
  readonly #confirmation = Promise.withResolvers<void>()
  #deliver: (text: string) => void = () => undefined
  #lose: (reason: unknown) => void = () => undefined

  constructor(channels: readonly string[]) {
    this.channels = channels
  }

  async subscribe(_channels: readonly string[], onMessage: (text: string) => void): Promise<void> {
    this.#deliver = onMessage
    if (this.confirms) this.confirm()
    await this.#confirmation.promise
  }

  confirm(): void {
    this.#confirmation.resolve()
  }

  refuse(reason: unknown): void {
    this.#confirmation.reject(reason)
  }

  async publish(channel: string, text: string): Promise<void> {
    this.published.push({ channel, text })
    if (this.answer === "refusal") throw new Error("MOVED 1 127.0.0.1:1")
    if (this.answer === "echo") queueMicrotask(() => this.deliver(text))
  }

  deliver(text: string): void {
    this.#deliver(text)
  }

  /** What was published and has not come back, because of silence. */
  deliverPublished(): void {
    for (const { text } of this.published.splice(0)) this.deliver(text)
  }

  lose(reason: unknown): void {
    this.#lose(reason)
  }

  onLost(callback: (reason: unknown) => void): void {
    this.#lose = callback
  }

  async close(): Promise<void> {
    this.closed = true
  }
}
