import type {
  AuthenticationMethod,
  ClientFacts,
  Login,
  PreviousSecret,
  SessionData,
  StoredValue,
} from "../../contract/record.ts"
import { FLAG } from "./layout.ts"

const NOTHING = Buffer.alloc(0)
const NO_METHODS: readonly AuthenticationMethod[] = Object.freeze([])
const NO_FACTS: ClientFacts = Object.freeze({})

/**
 * Reads what a {@link Packer} wrote: open, then login, previous, client, data in this order. The block becomes one
 * string, of which the texts are slices, so that reading costs one crossing into native code and no copies.
 */
export class Unpacker {
  #bytes: Buffer = NOTHING
  #start = 0
  #block = ""
  #at = 0

  open(bytes: Buffer, start: number, end: number): void {
    this.#bytes = bytes
    this.#start = start
    this.#block = bytes.toString("latin1", start, end)
    this.#at = 0
  }

  /** Lets go of the block, which may be large, and gone soon. */
  close(): void {
    this.#bytes = NOTHING
    this.#block = ""
  }

  login(flags: number): Login | undefined {
    if ((flags & FLAG.login) === 0) return undefined
    const userId = this.#text()
    const authenticatedAt = this.#double()
    const methods = this.#methods(this.#number(), authenticatedAt)
    if ((flags & (FLAG.assurance | FLAG.stampHash | FLAG.externalId)) === 0) {
      return { userId, authenticatedAt, methods }
    }
    return {
      ...{ userId, authenticatedAt, methods },
      ...(flags & FLAG.assurance && { assurance: this.#text() }),
      ...(flags & FLAG.stampHash && { stampHash: this.#text() }),
      ...(flags & FLAG.externalId && { externalId: this.#text() }),
    }
  }

  previous(flags: number): PreviousSecret | undefined {
    if ((flags & FLAG.previous) === 0) return undefined
    return { secretHash: this.#text(), confirmedAt: flags & FLAG.confirmed ? this.#double() : undefined }
  }

  client(flags: number): ClientFacts {
    if ((flags & (FLAG.address | FLAG.userAgent | FLAG.label)) === 0) return NO_FACTS
    return {
      ...(flags & FLAG.address && { address: this.#text() }),
      ...(flags & FLAG.userAgent && { userAgent: this.#text() }),
      ...(flags & FLAG.label && { label: this.#text() }),
    }
  }

  data(flags: number): SessionData {
    const data = new Map<string, StoredValue>()
    if ((flags & FLAG.data) === 0) return data
    for (let left = this.#number(); left > 0; left--) {
      const header = this.#number()
      const key = this.#characters(header)
      if (header & 2) {
        const expiresAt = this.#double()
        data.set(key, { text: this.#text(), expiresAt })
      } else data.set(key, { text: this.#text() })
    }
    return data
  }

  /** `usually` is the time of each method that has none of its own. */
  #methods(count: number, usually: number): readonly AuthenticationMethod[] {
    if (count === 0) return NO_METHODS
    const methods: AuthenticationMethod[] = []
    while (methods.length < count) {
      const header = this.#number()
      const name = this.#characters(header)
      methods.push({ name, at: header & 2 ? this.#double() : usually })
    }
    return methods
  }

  #text(): string {
    return this.#characters(this.#number())
  }

  #characters(header: number): string {
    const length = header >>> 2
    const from = this.#at
    if (header & 1) {
      this.#at = from + 2 * length
      return this.#bytes.toString("utf16le", this.#start + from, this.#start + this.#at)
    }
    this.#at = from + length
    return this.#block.slice(from, this.#at)
  }

  #number(): number {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.#block.charCodeAt(this.#at++)
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value >>> 0
    }
  }

  #double(): number {
    const value = this.#bytes.readDoubleLE(this.#start + this.#at)
    this.#at += 8
    return value
  }
}
