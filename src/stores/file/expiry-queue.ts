interface Due {
  readonly id: string
  readonly expiresAt: number
}

/**
 * Ids by when their records end, the earliest first: a binary heap. A record whose end moved later keeps its place until
 * that comes up, so that a touch costs nothing here.
 */
export class ExpiryQueue {
  #heap: Due[] = []

  get size(): number {
    return this.#heap.length
  }

  add(id: string, expiresAt: number): void {
    this.#heap.push({ id, expiresAt })
    this.#rise(this.#heap.length - 1)
  }

  /** Takes out at most `limit` ids whose records ended at or before `now`. `endOf` tells a record's end, if there is one. */
  take(now: number, limit: number, endOf: (id: string) => number | undefined): string[] {
    const taken = new Set<string>()
    while (taken.size < limit) {
      const due = this.#heap[0]
      if (!due || due.expiresAt > now) break
      this.#removeFirst()
      const end = endOf(due.id)
      if (end === undefined) continue
      if (end <= now) taken.add(due.id)
      else this.add(due.id, end)
    }
    return [...taken]
  }

  clear(): void {
    this.#heap = []
  }

  #removeFirst(): void {
    const last = this.#heap.pop()
    if (!last || this.#heap.length === 0) return
    this.#heap[0] = last
    this.#sink(0)
  }

  #rise(start: number): void {
    let at = start
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.#swapIfEarlier(at, parent)) return
      at = parent
    }
  }

  #sink(start: number): void {
    let at = start
    for (;;) {
      const left = 2 * at + 1
      const child = this.#endAt(left + 1) < this.#endAt(left) ? left + 1 : left
      if (!this.#swapIfEarlier(child, at)) return
      at = child
    }
  }

  #endAt(at: number): number {
    return this.#heap[at]?.expiresAt ?? Number.POSITIVE_INFINITY
  }

  #swapIfEarlier(below: number, above: number): boolean {
    const lower = this.#heap[below]
    const upper = this.#heap[above]
    if (!lower || !upper || lower.expiresAt >= upper.expiresAt) return false
    this.#heap[above] = lower
    this.#heap[below] = upper
    return true
  }
}
