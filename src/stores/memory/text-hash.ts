/** 32 bits of hash. Without the seed nobody can choose texts that share one. */
export function hashOf(text: string, seed: number): number {
  let hash = seed
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x2c1b3c6d)
    hash ^= hash >>> 15
  }
  hash = Math.imul(hash, 0x297a2d39)
  return hash ^ (hash >>> 15)
}
