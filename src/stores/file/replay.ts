import { applyChange } from "../../contract/apply-change.ts"
import { SessionError } from "../../contract/errors.ts"
import type { SessionRecord } from "../../contract/record.ts"
import { ShapeError } from "../json-shape.ts"
import { type OpenFile, readPieces } from "./file-system.ts"
import { HEADER, intactText, judgeHeader, type Line, parseLine, unsyncedBefore } from "./journal-line.ts"
import { Usage } from "./usage.ts"

/** What a journal says. */
export interface Replayed {
  readonly records: ReadonlyMap<string, SessionRecord>
  readonly usage: Usage
  /** The length of the part that counts; what follows is a torn tail. */
  readonly size: number
  /** The length of the file. */
  readonly fileSize: number
  /** How many lines count. */
  readonly lines: number
}

interface RawLine {
  readonly number: number
  readonly offset: number
  /** Without the line feed. */
  readonly bytes: Buffer
  /** Whether it ends with a line feed. */
  readonly whole: boolean
}

/**
 * Reads a journal. A damaged line is a torn tail if no later line is known to have been written after it had reached the
 * disk: a crash can tear, or lose pages out of, what was not synced, and nothing else.
 *
 * @throws SessionError `ERR_SESSION_STORE_CORRUPT` when lines that had reached the disk are damaged, when a later version
 *   wrote the file, or when it is no session file at all
 */
export async function replay(path: string, file: OpenFile): Promise<Replayed> {
  const reading = new Reading(path)
  for await (const line of readLines(file)) reading.take(line)
  return reading.end()
}

class Reading {
  readonly #path: string
  readonly #records = new Map<string, SessionRecord>()
  readonly #usage = new Usage()
  #fileSize = 0
  #lines = 0
  #damaged: RawLine | undefined

  constructor(path: string) {
    this.#path = path
  }

  take(line: RawLine): void {
    this.#fileSize = line.offset + line.bytes.length + Number(line.whole)
    const text = line.whole ? intactText(line.bytes) : undefined
    if (this.#damaged) this.#judgeDamage(this.#damaged, line, text)
    else if (line.number === 1) this.#takeHeader(line)
    else if (text === undefined) this.#damaged = line
    else this.#takeEntry(line, text)
  }

  end(): Replayed {
    const size = this.#damaged?.offset ?? this.#fileSize
    return {
      records: this.#records,
      usage: this.#usage,
      size,
      fileSize: this.#fileSize,
      lines: this.#lines,
    }
  }

  #takeHeader(line: RawLine): void {
    const header = line.bytes.toString()
    // The process ended while it created the file: nothing was ever in it.
    if (!line.whole && HEADER.startsWith(header)) this.#damaged = line
    else if (judgeHeader(header) === "newer") throw this.#newer()
    else if (!line.whole || judgeHeader(header) !== "ours") throw this.#foreign()
    else this.#lines = 1
  }

  #takeEntry(line: RawLine, text: string): void {
    this.#lines = line.number
    const { entry, at } = this.#parse(line, text, parseLine)
    if (!replayEntry(this.#records, entry, at)) {
      throw this.#corrupt(line.number, "changes a session that no line before has created")
    }
    this.#usage.note(entry, line.bytes.length)
  }

  #judgeDamage(damaged: RawLine, later: RawLine, text: string | undefined): void {
    if (text === undefined) return
    const syncedUpTo = later.offset - this.#parse(later, text, unsyncedBefore)
    if (damaged.offset < syncedUpTo) {
      throw this.#corrupt(damaged.number, `is damaged (line ${later.number} after it is not)`)
    }
  }

  #parse<Parsed>(line: RawLine, text: string, parse: (text: string) => Parsed): Parsed {
    try {
      return parse(text)
    } catch (error) {
      if (error instanceof ShapeError) throw this.#corrupt(line.number, "cannot be understood", error)
      throw error
    }
  }

  #corrupt(line: number, what: string, cause?: unknown): SessionError {
    return new SessionError(
      "ERR_SESSION_STORE_CORRUPT",
      `Line ${line} of the session file ${this.#path} ${what}. The file was changed by something else, or the disk is failing. ` +
        "Nothing was altered. Restore the file from a backup, or move it away to begin without sessions.",
      cause,
    )
  }

  #newer(): SessionError {
    return new SessionError(
      "ERR_SESSION_STORE_CORRUPT",
      `The session file ${this.#path} was written by a newer version of this library, in a format that this one does not know. ` +
        "Nothing was altered. Upgrade this library, or name another file.",
    )
  }

  #foreign(): SessionError {
    return new SessionError(
      "ERR_SESSION_STORE_CORRUPT",
      `Line 1 of ${this.#path} is not the header of a session file, so the file seems to be something else. ` +
        "Nothing was altered. Name another file, or move this one away.",
    )
  }
}

/** Whether the entry was possible. */
function replayEntry(records: Map<string, SessionRecord>, entry: Line["entry"], at: number): boolean {
  switch (entry.kind) {
    case "create":
      records.set(entry.record.id, entry.record)
      return true
    case "remove":
      return entry.ids.every(id => records.delete(id))
    case "clear":
      records.clear()
      return true
    default: {
      const { outcome, record } = applyChange(records.get(entry.id), entry, at)
      if (outcome.kind !== "applied" || !record) return false
      records.set(entry.id, record)
      return true
    }
  }
}

const PIECE = 1024 * 1024
const LINE_FEED = 0x0a

async function* readLines(file: OpenFile): AsyncGenerator<RawLine, void, void> {
  let number = 1
  let offset = 0
  let begun: Buffer[] = []
  for await (const piece of readPieces(file, 0, Number.POSITIVE_INFINITY, PIECE)) {
    let start = 0
    for (let end = piece.indexOf(LINE_FEED); end >= 0; end = piece.indexOf(LINE_FEED, start)) {
      const bytes = Buffer.concat([...begun, piece.subarray(start, end)])
      yield { number, offset, bytes, whole: true }
      number += 1
      offset += bytes.length + 1
      start = end + 1
      begun = []
    }
    if (start < piece.length) begun.push(Buffer.from(piece.subarray(start)))
  }
  if (begun.length > 0) yield { number, offset, bytes: Buffer.concat(begun), whole: false }
}
