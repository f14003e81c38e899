import { writeHeartbeat } from "./notices.ts"
import type { Shard, SubscriberConnection } from "./subscriber.ts"

/** A shard that has been opened. */
export interface OpenShard extends Pick<Shard, "channels"> {
  readonly connection: SubscriberConnection
}

interface Round {
  readonly sentAt: number
  /** Heartbeats not yet back, and those that the server has not yet taken. */
  missing: number
}

export interface HeartbeatsListener {
  /** All heartbeats of a round that began at `sentAt` have come back. */
  back(sentAt: number): void
  failed(reason: unknown): void
}

/**
 * Sends heartbeats through the channels and watches them come back. On one connection they come back in the order in which they
 * were sent, and none is missing; otherwise something was lost between them.
 */
export class Heartbeats {
  readonly #feedId: string
  readonly #shards: readonly OpenShard[]
  readonly #listener: HeartbeatsListener
  readonly #awaited = new Map<OpenShard, { seq: number; round: Round }[]>()
  #seq = 0
  #rounds = 0

  constructor(feedId: string, shards: readonly OpenShard[], listener: HeartbeatsListener) {
    this.#feedId = feedId
    this.#shards = shards
    this.#listener = listener
    for (const shard of shards) this.#awaited.set(shard, [])
  }

  /** The first round goes through every channel: it shows that each of them is subscribed. */
  sendFirst(): void {
    this.#send(shard => shard.channels)
  }

  /** Any other round goes through one channel of each master, by turns: they share one connection and its order. */
  sendNext(): void {
    const turn = ++this.#rounds
    this.#send(({ channels }) => channels.slice(turn % channels.length).slice(0, 1))
  }

  received(shard: OpenShard, seq: number): void {
    const next = this.#awaited.get(shard)?.shift()
    if (next?.seq === seq) this.#arrived(next.round)
    else this.#listener.failed(new Error(`heartbeat ${seq} came instead of ${next?.seq}: messages were lost`))
  }

  #send(channelsOf: (shard: OpenShard) => readonly string[]): void {
    const round: Round = { sentAt: performance.now(), missing: 0 }
    const sent = this.#shards.flatMap(shard => channelsOf(shard).map(channel => ({ shard, channel })))
    round.missing = 2 * sent.length
    for (const { shard, channel } of sent) {
      const seq = ++this.#seq
      this.#awaited.get(shard)?.push({ seq, round })
      shard.connection.publish(channel, writeHeartbeat(this.#feedId, seq)).then(
        () => this.#arrived(round),
        reason => this.#listener.failed(reason),
      )
    }
  }

  #arrived(round: Round): void {
    round.missing -= 1
    if (round.missing === 0) this.#listener.back(round.sentAt)
  }
}
