/**
 * How long the feed may be trusted. A heartbeat that was sent at `sentAt` and came back through the channel proves that every
 * notice published before `sentAt` has been delivered. So until `sentAt` + B, whatever was revoked without this node knowing was
 * revoked less than B ago: what it remembers under this connection is good (G4).
 */
export class Lease {
  losses = 0
  #connections = 0
  #connection: number | undefined
  #leased: number | undefined
  #until = Number.NEGATIVE_INFINITY
  readonly #bound: number

  constructor(bound: number) {
    this.#bound = bound
  }

  /** The number of the connection that is open now. */
  get connection(): number | undefined {
    return this.#connection
  }

  connected(): void {
    this.#connections += 1
    this.#connection = this.#connections
    this.#leased = this.#connections
    this.#until = Number.NEGATIVE_INFINITY
  }

  /** What the last heartbeat proved stays proved; nothing that is learnt from now on is covered by it. */
  disconnected(): void {
    if (this.#connection !== undefined) this.losses += 1
    this.#connection = undefined
  }

  heartbeat(sentAt: number): void {
    if (this.#connection !== undefined) this.#until = Math.max(this.#until, sentAt + this.#bound)
  }

  /** Whether what was learnt under the connection may still be believed. */
  covers(connection: number | undefined, now: number): boolean {
    return connection !== undefined && connection === this.#leased && now < this.#until
  }
}
