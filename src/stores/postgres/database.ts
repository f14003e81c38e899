import { createHash } from "node:crypto"
import { requestCancel } from "./cancel.ts"
import { leavesConnectionGood, postgresError } from "./errors.ts"
import { CallLimit } from "./limit.ts"
import type { PostgresClient, PostgresPool, PostgresQuery, PostgresRow } from "./pool.ts"

/** The text of a statement, and the name that it is prepared under, if at all. */
export interface Statement {
  readonly name?: string
  readonly text: string
}

/** One text, one name: on a pool that several stores share, two texts never have the same one. */
export const statement = (text: string): Statement => ({
  name: `sojourn_${createHash("sha256").update(text).digest("base64url").slice(0, 22)}`,
  text,
})

/** For a statement whose plan depends on its values, such as a limit: it is planned for them each time. */
export const plannedEachTime = (text: string): Statement => ({ text })

export interface DatabaseOptions {
  readonly prepare: boolean
  readonly statementTimeout: number
}

/** Runs statements on connections of the pool. A call that takes too long is cancelled and its connection discarded. */
export class Database {
  readonly #pool: PostgresPool
  readonly #options: DatabaseOptions
  /** Connections that died while nobody used them. */
  #lostConnections = 0
  #cancelled = 0
  readonly #discarding = new Set<Promise<void>>()
  readonly #onPoolError = (): void => {
    this.#lostConnections++
  }

  constructor(pool: PostgresPool, options: DatabaseOptions) {
    this.#pool = pool
    this.#options = options
    // Without a listener, the death of an idle connection would end the process.
    pool.on?.("error", this.#onPoolError)
    // One packet may hold the answer for which the pool hands a connection out and the news of its death.
    pool.on?.("connect", listenToErrors)
  }

  get counters(): { readonly lostConnections: number; readonly cancelled: number } {
    return { lostConnections: this.#lostConnections, cancelled: this.#cancelled }
  }

  /** One statement, in a transaction of its own. */
  run({ name, text }: Statement, values: unknown[], signal?: AbortSignal): Promise<readonly PostgresRow[]> {
    const prepared = name !== undefined && this.#options.prepare
    const query = prepared ? { name, text, values } : { text, values }
    return this.use(send => send(query), signal)
  }

  /** Several statements on one connection. */
  async use<T>(
    work: (send: (query: PostgresQuery) => Promise<readonly PostgresRow[]>) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    const limit = new CallLimit(signal, this.#options.statementTimeout)
    try {
      const client = await this.#connect(limit)
      return await this.#with(client, limit, work)
    } catch (error) {
      throw postgresError(error)
    } finally {
      limit.clear()
    }
  }

  /** Gives everything back to the pool and listens to it no longer. */
  async forgetPool(): Promise<void> {
    await Promise.all(this.#discarding)
    this.#pool.removeListener?.("error", this.#onPoolError)
    this.#pool.removeListener?.("connect", listenToErrors)
  }

  async #connect(limit: CallLimit): Promise<PostgresClient> {
    limit.throwIfOver()
    const connecting = this.#pool.connect()
    try {
      return await limit.race(connecting)
    } catch (error) {
      connecting.then(
        client => client.release(),
        () => {},
      )
      throw error
    }
  }

  async #with<T>(
    client: PostgresClient,
    limit: CallLimit,
    work: (send: (query: PostgresQuery) => Promise<readonly PostgresRow[]>) => Promise<T>,
  ): Promise<T> {
    // The pool listens to a connection's errors only while it is idle.
    client.on?.("error", ignore)
    try {
      const result = await limit.race(work(query => client.query(query).then(({ rows }) => rows)))
      client.removeListener?.("error", ignore)
      client.release()
      return result
    } catch (error) {
      this.#discard(client, error, limit)
      throw error
    }
  }

  #discard(client: PostgresClient, error: unknown, limit: CallLimit): void {
    const reason = error instanceof Error ? error : true
    if (limit.isOver) {
      this.#cancelled++
      const discarding = requestCancel(client).then(() => {
        client.release(reason)
        this.#discarding.delete(discarding)
      })
      this.#discarding.add(discarding)
    } else if (leavesConnectionGood(error)) {
      client.removeListener?.("error", ignore)
      client.release()
    } else {
      client.release(reason)
    }
  }
}

const ignore = (): void => {}

const listenToErrors = (client: PostgresClient): void => void client.on?.("error", ignore)
