import { createSecretKey, type KeyObject } from "node:crypto"
import { SessionError } from "../../contract/errors.ts"
import type { SessionData, SessionRecord, StoredValue } from "../../contract/record.ts"
import { hashSecret } from "../secret.ts"
import type { Token } from "../token.ts"
import { RESERVED_PREFIX } from "../values.ts"
import { decrypt, encrypt, KEY_BYTES, NONCE_BYTES } from "./cipher.ts"
import { type DataKeys, unwrapKeys, wrapKeys } from "./data-keys.ts"
import { headerOf, SealedValue, writeHeader } from "./sealed-value.ts"

/** Where keys and nonces come from. */
export type RandomBytes = (length: number) => Buffer

const WRAP_PREFIX = `${RESERVED_PREFIX}key.`
const HASH_CHARACTERS = 16

/** The entry of a record's data that holds the data keys for the secret with this hash. */
export const wrapName = (secretHash: string): string => WRAP_PREFIX + secretHash.slice(0, HASH_CHARACTERS)

export const isWrap = (name: string): boolean => name.startsWith(WRAP_PREFIX)

interface Locked {
  readonly wrapped: string
  readonly secret: string
}

interface Contents {
  readonly keys: DataKeys | undefined
  /** The newest key when the record was read: with an older one nobody has written since. */
  readonly current: number
  /** The keys while they are still wrapped. */
  readonly locked: Locked | undefined
}

/**
 * The data keys of one session in one privilege epoch, as one request has them. All secrets of an epoch unwrap the same keys;
 * a change of privilege adds one ({@link next}). They are unwrapped when a value is first read or written.
 */
export class Vault {
  readonly #id: string
  readonly #random: RandomBytes
  #keys: DataKeys | undefined
  #locked: Locked | undefined
  #current: number

  private constructor(id: string, random: RandomBytes, { keys, current, locked }: Contents) {
    this.#id = id
    this.#random = random
    this.#keys = keys
    this.#current = current
    this.#locked = locked
  }

  /** For a session that is about to be stored. */
  static begin(id: string, random: RandomBytes): Vault {
    return new Vault(id, random, { keys: new Map([[1, newKey(random)]]), current: 1, locked: undefined })
  }

  /** For a session that the token has opened; `undefined` when nothing is wrapped for its secret. */
  static of({ secret }: Token, record: SessionRecord, random: RandomBytes): Vault | undefined {
    const wrap = record.data.get(wrapName(hashSecret(secret)))
    if (!wrap) return undefined
    return new Vault(record.id, random, {
      locked: { wrapped: wrap.text, secret },
      keys: undefined,
      current: 0,
    })
  }

  /**
   * The vault after a change of privilege: a new key, which no earlier secret unwraps, for what is written from then on. Of
   * the others those stay that stored values need, or that concurrent requests may have written with since the record was
   * read: nobody but the store knows of these values yet.
   */
  next(data: SessionData): Vault {
    const before: DataKeys = this.#unlocked() ?? new Map()
    const newest = newestOf(before)
    const used = new Set([...data.values()].map(value => headerOf(value.text)?.key))
    const kept = [...before].filter(([number]) => number >= this.#current || used.has(number))
    const keys = new Map([...kept, [newest + 1, newKey(this.#random)] as const])
    return new Vault(this.#id, this.#random, { keys, current: this.#current, locked: undefined })
  }

  /** Stored data as it may be read: the wrapped keys left out, each value decrypted when it is read. */
  view(data: SessionData): SessionData {
    const view = new Map<string, StoredValue>()
    for (const [name, value] of data) {
      if (!isWrap(name)) view.set(name, new SealedValue(name, value, this.#open))
    }
    return view
  }

  /** Values as the store may keep them. */
  seal(data: SessionData): SessionData {
    if (data.size === 0) return data
    const keys = this.unlock()
    const number = newestOf(keys)
    const key = keys.get(number)
    if (!key) throw locked()
    return new Map([...data].map(([name, value]) => [name, this.#sealed(number, key, name, value)]))
  }

  /** The data keys, for the holder of this secret. */
  wrap(secret: string): StoredValue {
    return { text: wrapKeys(this.unlock(), this.#id, secret, this.#random(NONCE_BYTES)) }
  }

  /** Unwraps the keys, or throws `ERR_SESSION_UNREADABLE_VALUE`. */
  unlock(): DataKeys {
    const keys = this.#unlocked()
    if (!keys) throw locked()
    return keys
  }

  #unlocked(): DataKeys | undefined {
    if (this.#locked) {
      this.#keys = unwrapKeys(this.#locked.wrapped, this.#id, this.#locked.secret)
      this.#locked = undefined
      this.#current = this.#keys ? newestOf(this.#keys) : 0
    }
    return this.#keys
  }

  #sealed(number: number, key: KeyObject, name: string, value: StoredValue): StoredValue {
    const plain = value instanceof SealedValue ? value.plain : value.text
    // What could not be read where it comes from stays unreadable, as nobody knows what it was.
    if (plain === undefined) return value instanceof SealedValue ? value.stored : value
    const header = writeHeader(number, plain.length)
    const context = this.#contextOf(header, name, value.expiresAt)
    const text = header + encrypt(key, this.#random(NONCE_BYTES), plain, context)
    return value.expiresAt === undefined ? { text } : { text, expiresAt: value.expiresAt }
  }

  readonly #open = (name: string, { text, expiresAt }: StoredValue): string | undefined => {
    const header = headerOf(text)
    const key = header && this.#unlocked()?.get(header.key)
    if (!key) return undefined
    const context = this.#contextOf(header.text, name, expiresAt)
    return decrypt(key, text.slice(header.text.length), context)?.toString("utf8")
  }

  /** Where a value belongs. Only the name has any form, so it comes last. */
  #contextOf(header: string, name: string, expiresAt: number | undefined): string {
    return `${this.#id}.${header}${expiresAt ?? ""}.${name}`
  }
}

const newKey = (random: RandomBytes): KeyObject => createSecretKey(random(KEY_BYTES))

const newestOf = (keys: DataKeys): number => Math.max(0, ...keys.keys())

const locked = (): SessionError =>
  new SessionError(
    "ERR_SESSION_UNREADABLE_VALUE",
    "the session's data key cannot be unwrapped: it was changed in the store; log the user in again, or out",
  )
