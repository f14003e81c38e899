/** The fixed part of a session: a row of 144 bytes. What varies in length is packed into a block of its own. */
export const ROW_BYTES = 144

/** Fields of eight bytes, counted from the start of the row. */
export const FLOAT = {
  expiresAt: 0,
  lastSeenAt: 1,
  absoluteExpiresAt: 2,
  createdAt: 3,
  rotatedAt: 4,
  idleTimeout: 5,
  version: 6,
} as const

/** Fields of four bytes, counted from the start of the row. */
export const INT = {
  epoch: 14,
  generation: 15,
  /** The next row in the chain of the id table's bucket. */
  idNext: 16,
  expiryNext: 17,
  expiryPrevious: 18,
  /** The user's entry in the user index, and the neighbours among that user's sessions; 0: none. */
  user: 19,
  userNext: 20,
  userPrevious: 21,
  /** Where the packed part lies; 0: there is none. */
  block: 22,
  flags: 23,
  /** Four of them: the id's 128 bits. */
  id: 24,
} as const

/** Bytes, counted from the start of the row. */
export const BYTE = { id: 96, idEnd: 112, secretHash: 112, secretHashEnd: 144 } as const

/** Bits of `INT.flags`. The lowest six are the tails of id and secret hash. */
export const FLAG = {
  idTail: 0b1111,
  secretHashTail: 0b11 << 4,
  used: 1 << 6,
  persistent: 1 << 7,
  login: 1 << 8,
  previous: 1 << 9,
  confirmed: 1 << 10,
  address: 1 << 11,
  userAgent: 1 << 12,
  label: 1 << 13,
  data: 1 << 14,
  assurance: 1 << 15,
  stampHash: 1 << 16,
  externalId: 1 << 17,
} as const
export const SECRET_HASH_TAIL_SHIFT = 4
