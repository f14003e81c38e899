/** A small generator (mulberry32): the same seed gives the same run on every machine. Not for secrets. */
export class SeededRandom {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** A whole number from 0 up to, but not including, `bound`. */
  below(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound)
  }

  /** True once in `times` calls, on average. */
  onceIn(times: number): boolean {
    return this.below(times) === 0
  }

  pick<T>(first: T, ...others: readonly T[]): T {
    const index = this.below(others.length + 1)
    return others[index - 1] ?? first
  }

  /** `length` random bytes in base64url: 16 bytes look like an id, 32 like a hash. */
  base64url(length: number): string {
    const bytes = Uint8Array.from({ length }, () => this.below(256))
    return Buffer.from(bytes).toString("base64url")
  }
}

/** A seed out of a text (FNV-1a), so that each case has its own and keeps it when others are added. */
export function seedOf(text: string, seed = 0): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0
  for (const char of text) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0
  return hash
}
