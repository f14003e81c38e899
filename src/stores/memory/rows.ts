const ROWS_PER_CHUNK = 1024
const SHIFT = 10
const MASK = ROWS_PER_CHUNK - 1

/** One allocation of rows, seen as three kinds of number. */
export interface Chunk {
  readonly floats: Float64Array
  readonly ints: Int32Array
  readonly bytes: Buffer
}

/**
 * A table of rows of one size, outside the JavaScript heap. It grows by chunks that are never copied, so that growing
 * costs the same at any size; a freed row is the next one given out. Row 0 is never given out: it stands for "none".
 */
export class Rows {
  readonly #rowBytes: number
  readonly #rowInts: number
  readonly #rowFloats: number
  readonly #reserved: number
  readonly #chunks: Chunk[] = []
  #end: number
  #count = 0
  /** The last row freed; its first four bytes name the one freed before. */
  #free = 0

  /**
   * `rowBytes` is a multiple of 8 where floats are used. The first `reserved` rows (1 at least) are the caller's
   * own.
   */
  constructor(rowBytes: number, reserved: number) {
    this.#rowBytes = rowBytes
    this.#rowInts = rowBytes / 4
    this.#rowFloats = rowBytes / 8
    this.#reserved = reserved
    this.#end = reserved
    this.#addChunk()
  }

  /** How many rows are in use. */
  get count(): number {
    return this.#count
  }

  /** The first row that was ever given out, and one past the last. */
  get start(): number {
    return this.#reserved
  }

  get end(): number {
    return this.#end
  }

  /** What the row holds is unspecified. */
  allocate(): number {
    this.#count++
    const freed = this.#free
    if (freed !== 0) {
      this.#free = this.int(freed, 0)
      return freed
    }
    if (this.#end >>> SHIFT === this.#chunks.length) this.#addChunk()
    return this.#end++
  }

  /** Zeroes the row and gives it back. */
  free(row: number): void {
    const chunk = this.chunk(row)
    const first = this.firstInt(row)
    chunk.ints.fill(0, first, first + this.#rowInts)
    chunk.ints[first] = this.#free
    this.#free = row
    this.#count--
  }

  int(row: number, field: number): number {
    return this.chunk(row).ints[this.firstInt(row) + field] ?? 0
  }

  setInt(row: number, field: number, value: number): void {
    this.chunk(row).ints[this.firstInt(row) + field] = value
  }

  float(row: number, field: number): number {
    return this.chunk(row).floats[this.firstFloat(row) + field] ?? 0
  }

  setFloat(row: number, field: number, value: number): void {
    this.chunk(row).floats[this.firstFloat(row) + field] = value
  }

  chunk(row: number): Chunk {
    const chunk = this.#chunks[row >>> SHIFT]
    if (chunk === undefined) throw new RangeError(`There is no row ${row}.`)
    return chunk
  }

  /** Where the row begins in `chunk(row).ints`, and so on. */
  firstInt(row: number): number {
    return (row & MASK) * this.#rowInts
  }

  firstFloat(row: number): number {
    return (row & MASK) * this.#rowFloats
  }

  firstByte(row: number): number {
    return (row & MASK) * this.#rowBytes
  }

  #addChunk(): void {
    const bytes = Buffer.alloc(ROWS_PER_CHUNK * this.#rowBytes)
    const { buffer } = bytes
    this.#chunks.push({ bytes, floats: new Float64Array(buffer), ints: new Int32Array(buffer) })
  }
}
