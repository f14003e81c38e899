import { SessionError } from "../../contract/errors.ts"

export interface FileStoreOptions {
  /** The file that holds the sessions, created if missing; its directory must exist. Default: `./sessions.txt`. */
  readonly path?: string
  /** How many sessions the store takes: they all live in memory. Default: 100 000. */
  readonly maxSessions?: number
  /** How many rate-limit counters the store takes: they live in memory alone. Default: 100 000. */
  readonly maxHitKeys?: number
  /** Bytes of garbage up to which the file is left as it is. Default: 1 MiB. */
  readonly compactAfter?: number
  /** The file is compacted when its garbage is more than this many times its live data. Default: 1. */
  readonly compactFactor?: number
  /** Told when a torn tail was cut off at opening. Default: a process warning `SOJOURN_FILE_REPAIRED`. */
  readonly onRepair?: (repair: FileRepair) => void
}

/** What a crash had left at the end of the file: nothing that was acknowledged, but for last-seen times. */
export interface FileRepair {
  readonly path: string
  /** The first line that was cut off. */
  readonly line: number
  /** How many bytes were cut off. */
  readonly bytes: number
}

/** The options that are numbers, and what they must be at least. */
export const NUMBER_OPTIONS = { maxSessions: 1, compactAfter: 0, compactFactor: 0, maxHitKeys: 1 } as const

export type NumberOption = keyof typeof NUMBER_OPTIONS

export function resolveOptions(options: FileStoreOptions): Required<FileStoreOptions> {
  const resolved = {
    path: options.path ?? "./sessions.txt",
    maxSessions: options.maxSessions ?? 100_000,
    maxHitKeys: options.maxHitKeys ?? 100_000,
    compactAfter: options.compactAfter ?? 1024 * 1024,
    compactFactor: options.compactFactor ?? 1,
    onRepair: options.onRepair ?? warnOfRepair,
  }
  if (typeof resolved.path !== "string" || resolved.path === "" || resolved.path.includes("\0")) {
    throw new SessionError(
      "ERR_SESSION_CONFIG",
      "The file store's path is no file name. Give it as text, such as ./sessions.txt.",
    )
  }
  checkNumber("maxSessions", resolved.maxSessions)
  checkNumber("maxHitKeys", resolved.maxHitKeys)
  checkNumber("compactAfter", resolved.compactAfter)
  checkNumber("compactFactor", resolved.compactFactor)
  return resolved
}

function checkNumber(name: NumberOption, value: number): void {
  const least = NUMBER_OPTIONS[name]
  if (Number.isFinite(value) && value >= least) return
  throw new SessionError(
    "ERR_SESSION_CONFIG",
    `The file store's ${name} is ${String(value)}. It must be a number, at least ${least}.`,
  )
}

function warnOfRepair({ path, line, bytes }: FileRepair): void {
  process.emitWarning(
    `The last ${bytes} bytes of ${path}, from line ${line} on, were torn by a crash and have been cut off. ` +
      "They held nothing that had been acknowledged, but for last-seen times.",
    { code: "SOJOURN_FILE_REPAIRED" },
  )
}
