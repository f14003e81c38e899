const HEADS_PER_CHUNK = 1024
const SHIFT = 10
const MASK = HEADS_PER_CHUNK - 1

/** What a {@link HashIndex} indexes: items numbered from 1, each with room for one link. */
export interface Chained {
  hashOf(item: number): number
  next(item: number): number
  setNext(item: number, next: number): void
}

/**
 * A hash table of chains that grows by linear hashing (Litwin 1980): each insertion that finds it full splits one
 * bucket in two. So no insertion ever pays for a rehash of the whole, and the load stays at one item a bucket. It
 * does not shrink.
 */
export class HashIndex {
  readonly #items: Chained
  readonly #heads: Int32Array[] = [new Int32Array(HEADS_PER_CHUNK)]
  #count = 0
  #buckets = 1
  /** The largest power of two below `#buckets` (or 1): what one bit of the hash fewer can tell apart. */
  #half = 1

  constructor(items: Chained) {
    this.#items = items
  }

  /** The first item of the chain in which an item of this hash would be; 0: none. */
  first(hash: number): number {
    return this.#head(this.#bucketOf(hash))
  }

  insert(item: number): void {
    if (++this.#count > this.#buckets) this.#split()
    this.#push(this.#bucketOf(this.#items.hashOf(item)), item)
  }

  remove(item: number): void {
    const bucket = this.#bucketOf(this.#items.hashOf(item))
    const after = this.#items.next(item)
    let before = this.#head(bucket)
    if (before === item) this.#setHead(bucket, after)
    else {
      for (let at = this.#items.next(before); at !== item; at = this.#items.next(at)) before = at
      this.#items.setNext(before, after)
    }
    this.#count--
  }

  #split(): void {
    const added = this.#buckets++
    if (added === 2 * this.#half) this.#half = added
    if (added >>> SHIFT === this.#heads.length) this.#heads.push(new Int32Array(HEADS_PER_CHUNK))
    const source = added - this.#half
    let item = this.#head(source)
    this.#setHead(source, 0)
    while (item !== 0) {
      const next = this.#items.next(item)
      this.#push(this.#bucketOf(this.#items.hashOf(item)), item)
      item = next
    }
  }

  #push(bucket: number, item: number): void {
    this.#items.setNext(item, this.#head(bucket))
    this.#setHead(bucket, item)
  }

  #bucketOf(hash: number): number {
    const bucket = hash & (2 * this.#half - 1)
    return bucket < this.#buckets ? bucket : bucket - this.#half
  }

  #head(bucket: number): number {
    return this.#heads[bucket >>> SHIFT]?.[bucket & MASK] ?? 0
  }

  #setHead(bucket: number, item: number): void {
    const heads = this.#heads[bucket >>> SHIFT]
    if (heads !== undefined) heads[bucket & MASK] = item
  }
}
