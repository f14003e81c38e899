import { setMaxListeners } from "node:events"
import { setTimeout as delay } from "node:timers/promises"
import { beginCall, type Call } from "./call.ts"
import type { Client } from "./client.ts"
import { abandonedError, offlineError, redisError, timeoutError } from "./errors.ts"

/** Milliseconds in which a reply that is on its way arrives. */
const GRACE = 50

/**
 * The way to the server. A call ends when its caller gives up or after `timeout`; a connection that has been silent
 * for as long is dropped and opened anew, since a half-open one would never say so. While there is none, calls fail
 * at once.
 */
export class Connection {
  readonly address: string
  readonly #timeout: number
  #client: Client
  #lastReply = 0
  readonly #onReply = (): void => {
    this.#lastReply = performance.now()
  }
  #failure: unknown
  #isClosed = false
  #reopening: Promise<void> | undefined
  /** Ends each call that is under way. */
  readonly #endings = new Set<(error: unknown) => void>()

  constructor(client: Client, address: string, timeout: number) {
    this.#client = client
    this.#watch(client)
    this.address = address
    this.#timeout = timeout
  }

  get client(): Client {
    return this.#client
  }

  async open(): Promise<void> {
    try {
      await this.#connect(this.#client)
    } catch (error) {
      throw redisError(error, this.address)
    }
  }

  /**
   * Does the work of one call within its time. It rejects when the caller gives up, the time is over or the connection is
   * lost; then nothing more leaves.
   */
  async call<T>(
    operation: string,
    signal: AbortSignal | undefined,
    work: (call: Call) => Promise<T>,
  ): Promise<T> {
    if (signal?.aborted) throw abandonedError(operation, signal.reason)
    this.#requireReady()
    return await new Promise((resolve, reject) => {
      const ending = new AbortController()
      setMaxListeners(0, ending.signal)
      const end = (error: unknown): void => {
        reject(redisError(error, this.address))
        ending.abort(error)
      }
      const settle = this.#limit(operation, signal, end)
      work(beginCall(this.#client, ending.signal, this.#onReply))
        .then(resolve, end)
        .finally(settle)
    })
  }

  close(): void {
    this.#isClosed = true
    this.#client.destroy()
  }

  #requireReady(): void {
    if (this.#client.isReady) return
    if (this.#client.isClosed) this.#reopen()
    throw offlineError(this.address, this.#failure)
  }

  /** Ends the call in time; returns what is to be done when its work has settled, which may be later. */
  #limit(operation: string, signal: AbortSignal | undefined, end: (error: unknown) => void): () => void {
    const onAbort = (): void => end(abandonedError(operation, signal?.reason))
    const [client, started] = [this.#client, performance.now()]
    let timer = setTimeout(() => {
      // The call has to reject before its connection is dropped; and work that settles now has not waited for a reply.
      end(timeoutError(operation, this.address, this.#timeout))
      timer = setTimeout(() => this.#onSilence(client, started), GRACE)
    }, this.#timeout)
    signal?.addEventListener("abort", onAbort, { once: true })
    this.#endings.add(end)
    return () => {
      clearTimeout(timer)
      signal?.removeEventListener("abort", onAbort)
      this.#endings.delete(end)
    }
  }

  /** A command that has not left when the connection is lost must not leave over the next one. */
  #watch(client: Client): void {
    client.onLost?.(() => {
      if (client !== this.#client) return
      for (const end of this.#endings) end(offlineError(this.address, this.#failure))
    })
  }

  #onSilence(client: Client, since: number): void {
    if (client !== this.#client) return
    // In a Cluster, the replies are other nodes'.
    if (this.#lastReply >= since && client.kind !== "cluster") return
    this.#failure = new Error(`no reply for ${this.#timeout} ms`)
    this.#reopen()
  }

  #reopen(): void {
    if (this.#isClosed) return
    this.#reopening ??= this.#openAnew().finally(() => {
      this.#reopening = undefined
    })
  }

  async #openAnew(): Promise<void> {
    for (let wait = 50; !this.#isClosed; wait = Math.min(2 * wait, 2000)) {
      this.#client.destroy()
      this.#client = this.#client.duplicate()
      this.#watch(this.#client)
      try {
        return await this.#connect(this.#client)
      } catch (error) {
        this.#failure = error
      }
      await delay(wait, undefined, { ref: false })
    }
    this.#client.destroy()
  }

  async #connect(client: Client): Promise<void> {
    const late = new AbortController()
    const limit = delay(this.#timeout, undefined, { signal: late.signal }).then(() => {
      throw timeoutError("the connection attempt", this.address, this.#timeout)
    })
    try {
      await Promise.race([client.connect(), limit])
    } finally {
      limit.catch(() => {})
      late.abort()
    }
  }
}
