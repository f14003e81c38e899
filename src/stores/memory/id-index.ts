import { decode, encode } from "./base64url.ts"
import { type Chained, HashIndex } from "./hash-index.ts"
import { BYTE, FLAG, INT } from "./layout.ts"
import type { Rows } from "./rows.ts"

const ID_LENGTH = 22

/** Finds a session's row by its id. The id itself is 128 bits of the row, and four bits more in its flags. */
export class IdIndex {
  readonly #rows: Rows
  readonly #index: HashIndex
  /** The id that is looked for. */
  readonly #bytes = Buffer.alloc(16)
  readonly #words = new Int32Array(this.#bytes.buffer)

  constructor(rows: Rows) {
    this.#rows = rows
    this.#index = new HashIndex(chainOf(rows))
  }

  /** The session's row; 0 when there is none, or when the text is no id. */
  find(id: string): number {
    if (id.length !== ID_LENGTH) return 0
    const tail = decode(id, this.#bytes, 0)
    if (tail < 0) return 0
    const words = this.#words
    let row = this.#index.first(hashAt(words, 0))
    while (row !== 0) {
      const { ints } = this.#rows.chunk(row)
      const first = this.#rows.firstInt(row)
      if (sameWords(ints, first + INT.id, words) && ((ints[first + INT.flags] ?? 0) & FLAG.idTail) === tail) {
        return row
      }
      row = ints[first + INT.idNext] ?? 0
    }
    return 0
  }

  /** Gives the row its id, which must be free and well-formed; its flags must be written before. */
  insert(row: number, id: string): void {
    const tail = decode(id, this.#rows.chunk(row).bytes, this.#rows.firstByte(row) + BYTE.id)
    this.#rows.setInt(row, INT.flags, this.#rows.int(row, INT.flags) | tail)
    this.#index.insert(row)
  }

  remove(row: number): void {
    this.#index.remove(row)
  }

  idOf(row: number): string {
    const first = this.#rows.firstByte(row)
    const tail = this.#rows.int(row, INT.flags) & FLAG.idTail
    return encode(this.#rows.chunk(row).bytes, first + BYTE.id, first + BYTE.idEnd, tail)
  }
}

const chainOf = (rows: Rows): Chained => ({
  hashOf: row => hashAt(rows.chunk(row).ints, rows.firstInt(row) + INT.id),
  next: row => rows.int(row, INT.idNext),
  setNext: (row, next) => rows.setInt(row, INT.idNext, next),
})

/** Ids are random, but not those of a test: all their bits are mixed. */
function hashAt(ints: Int32Array, at: number): number {
  let hash = ints[at] ?? 0
  for (let word = 1; word < 4; word++) {
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) ^ (ints[at + word] ?? 0)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x297a2d39)
  return hash ^ (hash >>> 15)
}

function sameWords(ints: Int32Array, at: number, words: Int32Array): boolean {
  return (
    ints[at] === words[0] &&
    ints[at + 1] === words[1] &&
    ints[at + 2] === words[2] &&
    ints[at + 3] === words[3]
  )
}
