import { SessionError } from "../../contract/errors.ts"
import type { GivenClient } from "./given-client.ts"

export interface RedisOptions {
  /**
   * A client of `redis` (node-redis) or `ioredis`: single, Sentinel or Cluster. It is a pattern: the store opens
   * connections of its own with the client's options, need not find it connected, and leaves it alone. Give either
   * this or `url`.
   */
  readonly client?: GivenClient
  /** Where the server is, see `parseRedisUrl`; opened by the package `redis`. Default `redis://localhost:6379`. */
  readonly url?: string
  /** What the names of keys and channels begin with; without braces. Default `sojourn:`. */
  readonly prefix?: string
  /**
   * Into how many buckets sessions are divided, 1 to 1024: each is one hash slot, and calls for a user ask all of
   * them. The same in every process, and for good: with another number, sessions are not found. Default 1; in a
   * Cluster 16.
   */
  readonly buckets?: number
  /** Milliseconds that a call, or an attempt to connect, may take. Default 5000. */
  readonly timeout?: number
  /** Revocations and changes resolve only when so many replicas have them; a touch does not wait. Default: none. */
  readonly waitReplicas?: WaitReplicas
}

export interface WaitReplicas {
  readonly count: number
  /** Milliseconds to wait; then the call rejects. Less than `timeout`. */
  readonly timeout: number
}

export const DEFAULT_URL = "redis://localhost:6379"

export interface RedisSettings {
  readonly prefix: string
  /** `undefined`: as the server's kind wants it. */
  readonly buckets: number | undefined
  readonly timeout: number
  readonly waitReplicas: WaitReplicas | undefined
}

const MAX_TIME = 2 ** 31 - 1

/** The options with their defaults. Throws `ERR_SESSION_CONFIG`. */
export function readOptions(options: RedisOptions): RedisSettings {
  const { prefix = "sojourn:", buckets, timeout = 5000, waitReplicas } = options
  if (options.client && options.url !== undefined) {
    throw wrong("url", options.url, "either client or url, not both")
  }
  if (!/^[^{}\s\p{Cc}]{1,100}$/u.test(prefix) || /\p{Surrogate}/u.test(prefix)) {
    throw wrong("prefix", prefix, "1 to 100 characters without spaces, { and }")
  }
  if (buckets !== undefined && !isWhole(buckets, 1, 1024)) {
    throw wrong("buckets", buckets, "a whole number from 1 to 1024")
  }
  if (!isWhole(timeout, 1, MAX_TIME)) {
    throw wrong("timeout", timeout, "a whole number of milliseconds above 0")
  }
  if (waitReplicas) checkWaiting(waitReplicas, timeout)
  return { prefix, buckets, timeout, waitReplicas }
}

function checkWaiting(waitReplicas: WaitReplicas, timeout: number): void {
  if (!isWhole(waitReplicas.count, 1, 100)) {
    throw wrong("waitReplicas.count", waitReplicas.count, "a whole number from 1 to 100")
  }
  if (!isWhole(waitReplicas.timeout, 1, timeout - 1)) {
    const wanted = `a whole number of milliseconds above 0 and below the option timeout (${timeout})`
    throw wrong("waitReplicas.timeout", waitReplicas.timeout, wanted)
  }
}

const isWhole = (value: number, least: number, most: number): boolean =>
  Number.isSafeInteger(value) && value >= least && value <= most

const wrong = (option: string, value: unknown, wanted: string): SessionError =>
  new SessionError(
    "ERR_SESSION_CONFIG",
    `The Redis store's option ${option} is ${JSON.stringify(value)}. Give ${wanted}.`,
  )
