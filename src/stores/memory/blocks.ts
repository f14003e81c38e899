const PAGE_BYTES = 32 * 1024
/** Above this a block is a page of its own. */
const LARGEST_SHARED = 4096
const SMALLEST = 32
const BLOCK_BITS = 10
const BLOCK_MASK = (1 << BLOCK_BITS) - 1

/** A page of blocks of one size. */
interface Page {
  readonly bytes: Buffer
  readonly size: number
  readonly capacity: number
  live: number
  /** Blocks from here on have never been used. */
  fresh: number
  /** The block freed last; its first four bytes name the one freed before. -1: none. */
  freed: number
  /** Where it is in the list of pages of its size that have room; -1: it is full. */
  place: number
}

/**
 * Bytes of varying length outside the JavaScript heap, where neither count nor content costs the garbage collector
 * anything. A block is named by a number, never 0: its page and its place therein. A page that empties is let go.
 */
export class Blocks {
  readonly #pages: (Page | undefined)[] = [undefined]
  readonly #vacant: number[] = []
  /** By size / 8: the numbers of the pages that have room. */
  readonly #open: number[][] = []
  #held = 0

  /** The bytes of all blocks in use. */
  get held(): number {
    return this.#held
  }

  allocate(length: number): number {
    const size = blockSize(length)
    const open = this.#openPages(size)
    const number = open.at(-1) ?? this.#addPage(size, open)
    const page = this.#page(number)
    const block = takeBlock(page)
    this.#held += size
    if (++page.live === page.capacity) {
      open.pop()
      page.place = -1
    }
    return (number << BLOCK_BITS) | block
  }

  free(name: number): void {
    const number = name >>> BLOCK_BITS
    const page = this.#page(number)
    const open = this.#openPages(page.size)
    page.bytes.writeInt32LE(page.freed, this.offsetOf(name))
    page.freed = name & BLOCK_MASK
    page.live--
    this.#held -= page.size
    if (page.place === -1) page.place = open.push(number) - 1
    if (page.live === 0 && (open.length > 1 || page.size > LARGEST_SHARED)) this.#dropPage(number, page, open)
  }

  bytesOf(name: number): Buffer {
    return this.#page(name >>> BLOCK_BITS).bytes
  }

  sizeOf(name: number): number {
    return this.#page(name >>> BLOCK_BITS).size
  }

  offsetOf(name: number): number {
    return (name & BLOCK_MASK) * this.#page(name >>> BLOCK_BITS).size
  }

  #openPages(size: number): number[] {
    const kind = size > LARGEST_SHARED ? 0 : size / 8
    let open = this.#open[kind]
    if (open === undefined) {
      open = []
      this.#open[kind] = open
    }
    return open
  }

  #addPage(size: number, open: number[]): number {
    const number = this.#vacant.pop() ?? this.#pages.length
    const capacity = size > LARGEST_SHARED ? 1 : Math.floor(PAGE_BYTES / size)
    const bytes = Buffer.allocUnsafeSlow(size * capacity)
    const place = open.push(number) - 1
    this.#pages[number] = { bytes, size, capacity, live: 0, fresh: 0, freed: -1, place }
    return number
  }

  #dropPage(number: number, page: Page, open: number[]): void {
    const last = open.pop()
    if (last !== undefined && last !== number) {
      open[page.place] = last
      this.#page(last).place = page.place
    }
    this.#pages[number] = undefined
    this.#vacant.push(number)
  }

  #page(number: number): Page {
    const page = this.#pages[number]
    if (page === undefined) throw new RangeError(`There is no page ${number}.`)
    return page
  }
}

/** What a block of this many bytes takes: a multiple of 8, at most an eighth more than asked for, and 32 at least. */
export function blockSize(length: number): number {
  if (length <= SMALLEST) return length === 0 ? 0 : SMALLEST
  const step = length > LARGEST_SHARED ? 8 : Math.max(8, 2 ** (28 - Math.clz32(length - 1)))
  return Math.ceil(length / step) * step
}

function takeBlock(page: Page): number {
  const block = page.freed
  if (block === -1) return page.fresh++
  page.freed = page.bytes.readInt32LE(block * page.size)
  return block
}
