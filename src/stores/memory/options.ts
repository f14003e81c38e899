import { SessionError } from "../../contract/errors.ts"

export interface MemoryStoreOptions {
  /** The most sessions it holds. Default 1,000,000. */
  readonly maxSessions?: number
  /** The most bytes its sessions take together, indexes included. Default 512 MiB. */
  readonly maxBytes?: number
  /** The most rate-limit counters it holds. Default 100,000. */
  readonly maxHitKeys?: number
}

export type MemoryLimits = Required<MemoryStoreOptions>

const DEFAULTS: MemoryLimits = { maxSessions: 1_000_000, maxBytes: 512 * 1024 ** 2, maxHitKeys: 100_000 }
/** What its numbers of four bytes can name. */
const CEILINGS: MemoryLimits = { maxSessions: 1_000_000_000, maxBytes: 8 * 1024 ** 3, maxHitKeys: 10_000_000 }
const URL_SHAPE = /^memory:(?:\?([^#]*))?$/i
const WHOLE_NUMBER = /^[0-9]+$/

export function limitsOf(options: MemoryStoreOptions): MemoryLimits {
  const limits = { ...DEFAULTS }
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue
    const known = knownName(name)
    limits[known] = checked(known, value)
  }
  return limits
}

/** Reads `memory:` and `memory:?maxSessions=1000&maxBytes=64000000`. */
export function optionsOf(url: string): MemoryStoreOptions {
  const parts = URL_SHAPE.exec(url)
  if (!parts) throw wrong(`"${url}" has more than parameters: write "memory:?maxSessions=1000".`)
  const options: { -readonly [Name in keyof MemoryStoreOptions]: number } = {}
  for (const [name, text] of new URLSearchParams(parts[1])) {
    const known = knownName(name)
    if (options[known] !== undefined) throw wrong(`"${name}" is given twice.`)
    options[known] = checked(known, WHOLE_NUMBER.test(text) ? Number(text) : text)
  }
  return options
}

function knownName(name: string): keyof MemoryLimits {
  if (name === "maxSessions" || name === "maxBytes" || name === "maxHitKeys") return name
  throw wrong(`It does not know "${name}".`)
}

function checked(name: keyof MemoryLimits, value: unknown): number {
  const ceiling = CEILINGS[name]
  if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= ceiling) return value
  throw wrong(
    `"${name}" must be a whole number from 1 to ${ceiling}, not ${typeof value === "string" ? `"${value}"` : String(value)}.`,
  )
}

const wrong = (what: string): SessionError =>
  new SessionError(
    "ERR_SESSION_CONFIG",
    `The memory store cannot be opened. ${what} Its options are maxSessions (default ${DEFAULTS.maxSessions}), maxBytes (default ${DEFAULTS.maxBytes}) and maxHitKeys (default ${DEFAULTS.maxHitKeys}).`,
  )
