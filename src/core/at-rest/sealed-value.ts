import { SessionError } from "../../contract/errors.ts"
import type { StoredValue } from "../../contract/record.ts"

/** Decrypts one value; `undefined` when it is not what was encrypted under this name. */
export type OpenValue = (name: string, stored: StoredValue) => string | undefined

/**
 * An encrypted value that looks like a plain one: its text is decrypted when it is first asked for. What cannot be
 * decrypted throws `ERR_SESSION_UNREADABLE_VALUE` then, so that the other values stay good.
 */
export class SealedValue implements StoredValue {
  readonly expiresAt?: number
  /** As the store keeps it. */
  readonly stored: StoredValue
  readonly #name: string
  readonly #open: OpenValue
  #text: string | undefined

  constructor(name: string, stored: StoredValue, open: OpenValue) {
    if (stored.expiresAt !== undefined) this.expiresAt = stored.expiresAt
    this.stored = stored
    this.#name = name
    this.#open = open
  }

  get text(): string {
    const { plain } = this
    if (plain !== undefined) return plain
    throw new SessionError(
      "ERR_SESSION_UNREADABLE_VALUE",
      `the stored value of "${this.#name}" cannot be decrypted: it was changed or moved in the store, or stored in clear; ` +
        `delete("${this.#name}") removes it`,
    )
  }

  /** The text, or `undefined` when it cannot be decrypted. */
  get plain(): string | undefined {
    this.#text ??= this.#open(this.#name, this.stored)
    return this.#text
  }

  /** The length of the text, without decrypting it. */
  get length(): number {
    return headerOf(this.stored.text)?.length ?? this.stored.text.length
  }
}

/** The length of a value's text, encrypted or not. */
export const lengthOf = (value: StoredValue): number =>
  value instanceof SealedValue ? value.length : value.text.length

/** What precedes the ciphertext: the number of the data key, and the length of the plain text, for the limits. */
export interface Header {
  readonly key: number
  readonly length: number
  /** Both as they are written; authenticated along with the value. */
  readonly text: string
}

const RADIX = 36
const SHAPE = /^([0-9a-z]{1,7})\.([0-9a-z]{1,7})\./

export const writeHeader = (key: number, length: number): string =>
  `${key.toString(RADIX)}.${length.toString(RADIX)}.`

export function headerOf(text: string): Header | undefined {
  const match = SHAPE.exec(text)
  if (!match) return undefined
  const [header, key = "", length = ""] = match
  return { key: Number.parseInt(key, RADIX), length: Number.parseInt(length, RADIX), text: header }
}
