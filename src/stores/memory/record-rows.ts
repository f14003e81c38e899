import type { Login, SessionRecord } from "../../contract/record.ts"
import { decode, encode } from "./base64url.ts"
import { Blocks, blockSize } from "./blocks.ts"
import { BYTE, FLAG, FLOAT, INT, SECRET_HASH_TAIL_SHIFT } from "./layout.ts"
import { Packer } from "./packer.ts"
import type { Rows } from "./rows.ts"
import { Unpacker } from "./unpacker.ts"

/**
 * Records as rows: the fixed part in the row, the rest in a block that the row names. The indexes' fields are
 * theirs.
 */
export class RecordRows {
  readonly #rows: Rows
  readonly #blocks = new Blocks()
  readonly #packer = new Packer()
  readonly #unpacker = new Unpacker()

  constructor(rows: Rows) {
    this.#rows = rows
  }

  /** The bytes of all blocks. */
  get held(): number {
    return this.#blocks.held
  }

  /** The bytes of the row's block. */
  blockBytesOf(row: number): number {
    const block = this.#rows.int(row, INT.block)
    return block === 0 ? 0 : this.#blocks.sizeOf(block)
  }

  /** The bytes of the block that the record would need. */
  blockBytesFor(record: SessionRecord): number {
    this.#packer.pack(record)
    return blockSize(this.#packer.length)
  }

  read(row: number, id: string): SessionRecord {
    const { floats, ints, bytes } = this.#rows.chunk(row)
    const float = this.#rows.firstFloat(row)
    const int = this.#rows.firstInt(row)
    const byte = this.#rows.firstByte(row)
    const flags = ints[int + INT.flags] ?? 0
    const packed = this.#open(ints[int + INT.block] ?? 0)
    const login = packed.login(flags)
    const previous = packed.previous(flags)
    const client = packed.client(flags)
    const data = packed.data(flags)
    packed.close()
    const hashTail = (flags & FLAG.secretHashTail) >>> SECRET_HASH_TAIL_SHIFT
    return {
      id,
      secretHash: encode(bytes, byte + BYTE.secretHash, byte + BYTE.secretHashEnd, hashTail),
      previous,
      epoch: (ints[int + INT.epoch] ?? 0) >>> 0,
      version: floats[float + FLOAT.version] ?? 0,
      generation: (ints[int + INT.generation] ?? 0) >>> 0,
      createdAt: floats[float + FLOAT.createdAt] ?? 0,
      rotatedAt: floats[float + FLOAT.rotatedAt] ?? 0,
      lastSeenAt: floats[float + FLOAT.lastSeenAt] ?? 0,
      idleTimeout: floats[float + FLOAT.idleTimeout] ?? 0,
      absoluteExpiresAt: floats[float + FLOAT.absoluteExpiresAt] ?? 0,
      expiresAt: floats[float + FLOAT.expiresAt] ?? 0,
      persistent: (flags & FLAG.persistent) !== 0,
      login,
      client,
      data,
    }
  }

  /** Writes all of the record but its id. Its secret hash is well-formed. */
  write(row: number, record: SessionRecord): void {
    const packed = this.#packer.pack(record)
    this.#writeBlock(row)
    const { floats, ints, bytes } = this.#rows.chunk(row)
    const float = this.#rows.firstFloat(row)
    const int = this.#rows.firstInt(row)
    const hashTail = decode(record.secretHash, bytes, this.#rows.firstByte(row) + BYTE.secretHash)
    const idTail = (ints[int + INT.flags] ?? 0) & FLAG.idTail
    const persistent = record.persistent ? FLAG.persistent : 0
    ints[int + INT.flags] = packed | persistent | FLAG.used | idTail | (hashTail << SECRET_HASH_TAIL_SHIFT)
    ints[int + INT.epoch] = record.epoch
    ints[int + INT.generation] = record.generation
    floats[float + FLOAT.version] = record.version
    floats[float + FLOAT.createdAt] = record.createdAt
    floats[float + FLOAT.rotatedAt] = record.rotatedAt
    floats[float + FLOAT.lastSeenAt] = record.lastSeenAt
    floats[float + FLOAT.idleTimeout] = record.idleTimeout
    floats[float + FLOAT.absoluteExpiresAt] = record.absoluteExpiresAt
    floats[float + FLOAT.expiresAt] = record.expiresAt
  }

  /** Gives the row's block back. */
  clear(row: number): void {
    const block = this.#rows.int(row, INT.block)
    if (block !== 0) this.#blocks.free(block)
  }

  /** Whether the row's login came from an identity provider's session that is known. */
  hasExternalId(row: number): boolean {
    return (this.#rows.int(row, INT.flags) & FLAG.externalId) !== 0
  }

  /** The login of a row that has one. */
  loginOf(row: number): Login | undefined {
    const packed = this.#open(this.#rows.int(row, INT.block))
    return packed.login(this.#rows.int(row, INT.flags))
  }

  #open(block: number): Unpacker {
    if (block !== 0) {
      const start = this.#blocks.offsetOf(block)
      this.#unpacker.open(this.#blocks.bytesOf(block), start, start + this.#blocks.sizeOf(block))
    }
    return this.#unpacker
  }

  #writeBlock(row: number): void {
    const { length } = this.#packer
    let block = this.#rows.int(row, INT.block)
    if (this.blockBytesOf(row) !== blockSize(length)) {
      if (block !== 0) this.#blocks.free(block)
      block = length === 0 ? 0 : this.#blocks.allocate(length)
      this.#rows.setInt(row, INT.block, block)
    }
    if (block !== 0) this.#packer.copyTo(this.#blocks.bytesOf(block), this.#blocks.offsetOf(block))
  }
}
