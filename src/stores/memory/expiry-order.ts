import { FLOAT, INT } from "./layout.ts"
import type { Rows } from "./rows.ts"

const BUCKETS = 54
const DUE = BUCKETS

/** The rows with these numbers are heads of lists, not sessions. */
export const EXPIRY_HEADS = BUCKETS + 1

/**
 * Sessions in the order in which they expire, as far as anybody needs to know it: a radix heap over milliseconds.
 *
 * A session lies in the bucket that is numbered by the highest bit in which its expiry differs from `#reached`, the
 * time up to which everything has been looked at. When that time moves on, each bucket below the highest bit that
 * has changed holds only what is due, and only the bucket of that very bit must be looked through again. So a
 * session is moved at most once for each bit of its life, and nothing is ever scanned whole.
 *
 * A later expiry (a touch, the frequent case) moves nothing: the session is found early, and put where it belongs
 * then.
 */
export class ExpiryOrder {
  readonly #rows: Rows
  #reached = 0

  constructor(rows: Rows) {
    this.#rows = rows
    for (let head = 0; head < EXPIRY_HEADS; head++) this.#link(head, head)
  }

  /** Puts a row, which is in no list, where its expiry belongs. */
  add(row: number): void {
    const bucket = bucketOf(tickOf(this.#rows.float(row, FLOAT.expiresAt)), this.#reached)
    this.#link(row, this.#rows.int(bucket, INT.expiryNext))
    this.#link(bucket, row)
  }

  /** Takes a row out of its list; a second time does nothing. */
  remove(row: number): void {
    this.#link(this.#rows.int(row, INT.expiryPrevious), this.#rows.int(row, INT.expiryNext))
    this.#link(row, row)
  }

  /** Makes everything due that may have expired at or before `now`; {@link takeDue} hands it out. */
  advance(now: number): void {
    const tick = tickOf(now)
    const highest = bucketOf(tick, this.#reached)
    for (let bucket = 0; bucket <= highest; bucket++) this.#makeDue(bucket)
    this.#reached = Math.max(this.#reached, tick)
  }

  /**
   * One row that is due, out of its list; 0 when there is none. Whoever finds it alive puts it back with {@link
   * add}.
   */
  takeDue(): number {
    const row = this.#rows.int(DUE, INT.expiryNext)
    if (row === DUE) return 0
    this.remove(row)
    return row
  }

  #makeDue(bucket: number): void {
    const first = this.#rows.int(bucket, INT.expiryNext)
    if (first === bucket) return
    const last = this.#rows.int(bucket, INT.expiryPrevious)
    this.#link(bucket, bucket)
    this.#link(last, this.#rows.int(DUE, INT.expiryNext))
    this.#link(DUE, first)
  }

  #link(row: number, next: number): void {
    this.#rows.setInt(row, INT.expiryNext, next)
    this.#rows.setInt(next, INT.expiryPrevious, row)
  }
}

/** Whole milliseconds; a time that is none (`NaN`) has passed already. */
const tickOf = (time: number): number => (time > 0 ? Math.min(Math.floor(time), Number.MAX_SAFE_INTEGER) : 0)

/** 0 for what is due; else one more than the highest bit in which the two differ. */
function bucketOf(tick: number, reached: number): number {
  if (tick <= reached) return 0
  const high = Math.floor(tick / 2 ** 32) ^ Math.floor(reached / 2 ** 32)
  return high !== 0 ? 64 - Math.clz32(high) : 32 - Math.clz32(tick ^ reached)
}
