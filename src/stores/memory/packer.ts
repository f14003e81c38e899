import type { SessionData, SessionRecord } from "../../contract/record.ts"
import { FLAG } from "./layout.ts"

const START_BYTES = 16 * 1024
/** A working space that has grown beyond this is not kept. */
const LARGE_BYTES = 1024 * 1024
const HEADER_BYTES = 5
const DOUBLE_BYTES = 8
const WIDE = /[\u0100-\uffff]/

/**
 * Packs what varies in length: login, previous secret, client facts and data, each only if it is there (the flags
 * tell). A text is a header (length · 4 + marked · 2 + wide, seven bits a byte) and one byte a character, or two if
 * wide. The mark of a key says that its value's own end precedes it, that of a method that its own time follows.
 */
export class Packer {
  #bytes = Buffer.allocUnsafeSlow(START_BYTES)
  #length = 0

  /** Bytes of the record that was packed last. */
  get length(): number {
    return this.#length
  }

  /** Packs the record and returns the flags of what is there. */
  pack(record: SessionRecord): number {
    this.#length = 0
    return this.#login(record) | this.#previous(record) | this.#client(record) | this.#data(record.data)
  }

  copyTo(bytes: Buffer, offset: number): void {
    this.#bytes.copy(bytes, offset, 0, this.#length)
    if (this.#bytes.length > LARGE_BYTES) this.#bytes = Buffer.allocUnsafeSlow(START_BYTES)
  }

  #login({ login }: SessionRecord): number {
    if (login === undefined) return 0
    this.#text(login.userId)
    this.#double(login.authenticatedAt)
    this.#count(login.methods.length)
    for (const { name, at } of login.methods) {
      const own = !Object.is(at, login.authenticatedAt)
      this.#text(name, own)
      if (own) this.#double(at)
    }
    return (
      FLAG.login |
      this.#fact(login.assurance, FLAG.assurance) |
      this.#fact(login.stampHash, FLAG.stampHash) |
      this.#fact(login.externalId, FLAG.externalId)
    )
  }

  #previous({ previous }: SessionRecord): number {
    if (previous === undefined) return 0
    this.#text(previous.secretHash)
    if (previous.confirmedAt === undefined) return FLAG.previous
    this.#double(previous.confirmedAt)
    return FLAG.previous | FLAG.confirmed
  }

  #client({ client }: SessionRecord): number {
    return (
      this.#fact(client.address, FLAG.address) |
      this.#fact(client.userAgent, FLAG.userAgent) |
      this.#fact(client.label, FLAG.label)
    )
  }

  #fact(text: string | undefined, flag: number): number {
    if (text === undefined) return 0
    this.#text(text)
    return flag
  }

  #data(data: SessionData): number {
    if (data.size === 0) return 0
    this.#count(data.size)
    for (const [key, value] of data) {
      this.#text(key, value.expiresAt !== undefined)
      if (value.expiresAt !== undefined) this.#double(value.expiresAt)
      this.#text(value.text)
    }
    return FLAG.data
  }

  #text(text: string, marked = false): void {
    const wide = WIDE.test(text)
    this.#reserve(HEADER_BYTES + (wide ? 2 : 1) * text.length)
    this.#number(text.length * 4 + (marked ? 2 : 0) + (wide ? 1 : 0))
    this.#length += this.#bytes.write(text, this.#length, wide ? "utf16le" : "latin1")
  }

  #count(count: number): void {
    this.#reserve(HEADER_BYTES)
    this.#number(count)
  }

  #number(value: number): void {
    let rest = value
    while (rest > 0x7f) {
      this.#bytes[this.#length++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    this.#bytes[this.#length++] = rest
  }

  #double(value: number): void {
    this.#reserve(DOUBLE_BYTES)
    this.#length = this.#bytes.writeDoubleLE(value, this.#length)
  }

  #reserve(more: number): void {
    const needed = this.#length + more
    if (needed <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.length))
    this.#bytes.copy(larger, 0, 0, this.#length)
    this.#bytes = larger
  }
}
