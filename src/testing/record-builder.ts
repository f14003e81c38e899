import type { Login, SessionData, SessionRecord, StoredValue } from "../contract/record.ts"
import { SeededRandom } from "./seeded-random.ts"

export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE

/** The idle and the absolute timeout that a built record has unless told otherwise. */
export const IDLE = 30 * MINUTE
export const ABSOLUTE = 12 * HOUR

/** Builds valid records: 22-character ids, 43-character hashes, times by the given clock; the same for the same seed. */
export class RecordBuilder {
  readonly #random: SeededRandom
  readonly #now: () => number

  constructor(clock: { readonly now: () => number }, seed = 1) {
    this.#now = clock.now
    this.#random = new SeededRandom(seed)
  }

  id(): string {
    return this.#random.base64url(16)
  }

  hash(): string {
    return this.#random.base64url(32)
  }

  /** A new anonymous session, used just now, without data; `fields` replace what they name. */
  record(fields: Partial<SessionRecord> = {}): SessionRecord {
    const now = this.#now()
    return {
      id: this.id(),
      secretHash: this.hash(),
      previous: undefined,
      epoch: 0,
      version: 1,
      generation: 0,
      createdAt: now,
      rotatedAt: now,
      lastSeenAt: now,
      idleTimeout: IDLE,
      absoluteExpiresAt: now + ABSOLUTE,
      expiresAt: now + IDLE,
      persistent: false,
      login: undefined,
      client: {},
      data: new Map(),
      ...fields,
    }
  }

  records(count: number, fields: Partial<SessionRecord> = {}): SessionRecord[] {
    return Array.from({ length: count }, () => this.record(fields))
  }

  /** A login just now, by password. */
  login(userId: string, fields: Partial<Login> = {}): Login {
    const authenticatedAt = fields.authenticatedAt ?? this.#now()
    return { userId, authenticatedAt, methods: [{ name: "pwd", at: authenticatedAt }], ...fields }
  }
}

/** Data out of pairs; a plain text becomes a value that ends with its session. */
export function dataOf(...pairs: readonly (readonly [string, string | StoredValue])[]): SessionData {
  return new Map(pairs.map(([key, value]) => [key, typeof value === "string" ? { text: value } : value]))
}
