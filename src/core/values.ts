import { SessionError } from "../contract/errors.ts"
import type { SessionData, SessionRecord, StoredValue } from "../contract/record.ts"
import { lengthOf } from "./at-rest/sealed-value.ts"
import { type Codec, deepFreeze } from "./codec.ts"
import type { SessionEvents } from "./events.ts"
import type { Limits } from "./limits.ts"
import { fitted, type PolicyOf } from "./mismatch.ts"
import { type StandardSchema, validate } from "./schema.ts"

/** Keys that begin so are the library's own: flash messages. */
export const RESERVED_PREFIX = "~"

/** What reading and writing values needs to know; one for all sessions of a manager. */
export interface ValueRules {
  readonly codec: Codec
  readonly limits: Limits
  readonly schema: ReadonlyMap<string, StandardSchema<unknown>>
  /** What becomes of a stored value that does not fit its schema any more. */
  readonly policyOf: PolicyOf
  readonly onMismatch: (event: SessionEvents["mismatch"]) => void
  readonly now: () => number
}

export interface PendingData {
  readonly set: SessionData
  readonly unset: readonly string[]
  /** Keys whose stored value was dropped as it did not fit: to be removed too, unless another request has set them anew. */
  readonly dropped?: readonly string[]
}

/** Whose data it is. */
interface Owner {
  readonly record: SessionRecord | undefined
}

const NO_DATA: SessionData = new Map()

/**
 * The data of one session as one request sees it: what was stored when it was loaded, under what the request has
 * changed since. Values are encoded when they are set, so that no later change to an object gets in unseen.
 */
export class Values {
  #stored: SessionData = NO_DATA
  #set: Map<string, StoredValue> | undefined
  #unset: Set<string> | undefined
  #decoded: Map<string, unknown> | undefined
  /** Keys whose stored value was found not to fit, and counts as absent. */
  #dropped: Set<string> | undefined
  /** Keys of which a mismatch has been told. */
  #told: Set<string> | undefined
  readonly #owner: Owner | undefined
  readonly #rules: ValueRules

  constructor(rules: ValueRules, owner?: Owner) {
    this.#rules = rules
    this.#owner = owner
  }

  get changed(): boolean {
    return (
      (this.#set !== undefined && this.#set.size > 0) || (this.#unset !== undefined && this.#unset.size > 0)
    )
  }

  get(key: string): unknown {
    const decoded = this.#decoded?.get(key)
    if (decoded !== undefined && !this.#hasEnded(key)) return decoded
    const value = this.#find(key)
    return value && this.#decode(key, value)
  }

  has(key: string): boolean {
    return this.#find(key) !== undefined && !this.#isDropped(key)
  }

  keys(): string[] {
    const keys = new Set([...this.#stored.keys(), ...(this.#set?.keys() ?? [])])
    return [...keys].filter(key => this.has(key))
  }

  set(key: string, value: unknown, expiresAt?: number): void {
    const stored = this.encode(key, value, expiresAt)
    this.#set ??= new Map()
    this.#set.set(key, stored)
    this.#unset?.delete(key)
    this.#decoded?.delete(key)
    this.#dropped?.delete(key)
  }

  /** The value as a store would keep it, checked against the schema and all limits. */
  encode(key: string, value: unknown, expiresAt?: number): StoredValue {
    checkKey(key, this.#rules.limits)
    const text = this.#encodeText(key, value)
    this.#checkRoom(key, text)
    return expiresAt === undefined ? { text } : { text, expiresAt }
  }

  /** Whether there was such a key. */
  delete(key: string): boolean {
    const existed = this.has(key)
    this.#set?.delete(key)
    this.#decoded?.delete(key)
    if (this.#stored.has(key)) {
      this.#unset ??= new Set()
      this.#unset.add(key)
    }
    return existed
  }

  /** Hands over the changes for storing, and reads on as if they were stored. */
  take(): PendingData {
    const unset = this.#unset ? [...this.#unset] : []
    const dropped = this.#dropped && [...this.#dropped]
    const pending = { set: this.#set ?? NO_DATA, unset, ...(dropped && { dropped }) }
    this.#stored = this.all()
    this.#set = undefined
    this.#unset = undefined
    this.#dropped = undefined
    return pending
  }

  /** Takes changes back that were not stored, over what is; what was changed since stays on top. */
  restore({ set, unset }: PendingData, stored: SessionData = NO_DATA): void {
    this.rebase(stored)
    const newerSet = this.#set
    const newerUnset = this.#unset
    this.#set = new Map([...set].filter(([key]) => !newerUnset?.has(key)))
    for (const [key, value] of newerSet ?? []) this.#set.set(key, value)
    this.#unset = new Set(newerUnset)
    for (const key of unset) if (!newerSet?.has(key)) this.#unset.add(key)
  }

  /** Starts again from newer stored data, keeping the pending changes on top. */
  rebase(stored: SessionData): void {
    this.#stored = stored
    this.#decoded = undefined
    this.#dropped = undefined
  }

  /** Forgets the pending change of one key. */
  settle(key: string): void {
    this.#set?.delete(key)
    this.#unset?.delete(key)
  }

  /** Forgets the changes that are not stored yet. */
  discard(): void {
    this.#set = undefined
    this.#unset = undefined
    this.#decoded = undefined
  }

  /** All live entries, pending changes included. */
  all(): SessionData {
    const all = new Map<string, StoredValue>()
    for (const key of [...this.#stored.keys(), ...(this.#set?.keys() ?? [])]) {
      const value = this.#find(key)
      if (value) all.set(key, value)
    }
    return all
  }

  #find(key: string): StoredValue | undefined {
    const value =
      this.#set?.get(key) ??
      (this.#unset?.has(key) || this.#dropped?.has(key) ? undefined : this.#stored.get(key))
    if (value?.expiresAt !== undefined && value.expiresAt <= this.#rules.now()) return undefined
    return value
  }

  #hasEnded(key: string): boolean {
    return this.#find(key) === undefined
  }

  #encodeText(key: string, value: unknown): string {
    const schema = this.#rules.schema.get(key)
    try {
      return this.#rules.codec.encode(schema ? validate(schema, key, value) : value)
    } catch (error) {
      if (error instanceof SessionError) throw error
      throw new SessionError(
        "ERR_SESSION_NOT_SERIALIZABLE",
        `the value of "${key}" cannot be encoded: store plain data without cycles, or use another codec`,
        error,
      )
    }
  }

  #decode(key: string, { text }: StoredValue): unknown {
    const decoded = decodeText(this.#rules.codec, key, text)
    const value = this.#fit(key, decoded)
    if (deepFreeze(value)) {
      this.#decoded ??= new Map()
      this.#decoded.set(key, value)
    }
    return value
  }

  /** What is stored may be older than the schema; what this request has set may not. */
  #fit(key: string, decoded: unknown): unknown {
    const schema = this.#rules.schema.get(key)
    if (!schema) return decoded
    if (this.#set?.has(key)) return validate(schema, key, decoded)
    const { value, action } = fitted(schema, this.#rules.policyOf(key), key, decoded)
    if (action) this.#noteMismatch(key, action)
    return value
  }

  #noteMismatch(key: string, action: SessionEvents["mismatch"]["action"]): void {
    if (action === "dropped") {
      this.#dropped ??= new Set()
      this.#dropped.add(key)
    }
    const record = this.#owner?.record
    if (!record || this.#told?.has(key)) return
    this.#told ??= new Set()
    this.#told.add(key)
    this.#rules.onMismatch({ id: record.id, userId: record.login?.userId, key, action })
  }

  /** Only reading tells. What reading would refuse is there. */
  #isDropped(key: string): boolean {
    const { policyOf, schema } = this.#rules
    if (!schema.has(key) || policyOf(key) === "refuse" || this.#set?.has(key)) return false
    try {
      this.get(key)
    } catch {
      return false
    }
    return this.#dropped?.has(key) === true
  }

  #sizeWithout(key: string): { keys: number; length: number } {
    let keys = 0
    let length = 0
    for (const [other, value] of this.all()) {
      if (other === key) continue
      keys++
      length += other.length + lengthOf(value)
    }
    return { keys, length }
  }

  #checkRoom(key: string, text: string): void {
    const { maxKeys, maxSessionLength, maxValueLength } = this.#rules.limits
    if (text.length > maxValueLength) {
      throw new SessionError(
        "ERR_SESSION_VALUE_TOO_LARGE",
        `the value of "${key}" is ${text.length} characters long, above limits.maxValueLength (${maxValueLength}): ` +
          "keep it in your database and only its id in the session, or raise the limit",
      )
    }
    const others = this.#sizeWithout(key)
    const keys = others.keys + 1
    const length = others.length + key.length + text.length
    if (keys > maxKeys) {
      throw new SessionError(
        "ERR_SESSION_TOO_MANY_KEYS",
        `"${key}" would be the session's key number ${keys}, above limits.maxKeys (${maxKeys}): delete some, or raise it`,
      )
    }
    if (length > maxSessionLength) {
      throw new SessionError(
        "ERR_SESSION_TOO_LARGE",
        `with "${key}" the session would be ${length} characters long, above limits.maxSessionLength ` +
          `(${maxSessionLength}): delete some keys, or raise it`,
      )
    }
  }
}

function decodeText(codec: Codec, key: string, text: string): unknown {
  try {
    return codec.decode(text)
  } catch (error) {
    throw new SessionError(
      "ERR_SESSION_UNREADABLE_VALUE",
      `the stored value of "${key}" cannot be decoded: was it written with another codec? delete("${key}") removes it`,
      error,
    )
  }
}

function checkKey(key: string, { maxKeyLength }: Limits): void {
  const name = key.startsWith(RESERVED_PREFIX) ? key.slice(RESERVED_PREFIX.length) : key
  if (name.length > 0 && key.length <= maxKeyLength) return
  throw new SessionError(
    "ERR_SESSION_INVALID_KEY",
    `a session key has 1 to ${maxKeyLength} characters (limits.maxKeyLength), this one has ${key.length}`,
  )
}
