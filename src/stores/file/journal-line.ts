import { crc32 } from "node:zlib"
import { readNumber, readObject, ShapeError } from "../json-shape.ts"
import { type Entry, type EntryJson, entryFromJson } from "./journal-entry.ts"

const FORMAT = "sojourn-sessions"
const FORMAT_VERSION = 1

/** The first line of the file. */
export const HEADER = `${JSON.stringify({ format: FORMAT, version: FORMAT_VERSION })}\n`

/** `newer`: a later version of this library wrote it; `foreign`: this is no journal. */
export function judgeHeader(line: string): "ours" | "newer" | "foreign" {
  if (`${line}\n` === HEADER) return "ours"
  try {
    const header: unknown = JSON.parse(line)
    return isNewer(header) ? "newer" : "foreign"
  } catch {
    return "foreign"
  }
}

/** What else a later header says is not ours to judge. */
function isNewer(header: unknown): boolean {
  if (typeof header !== "object" || header === null) return false
  if (!("format" in header && "version" in header) || header.format !== FORMAT) return false
  return typeof header.version === "number" && header.version > FORMAT_VERSION
}

/** A line's content: the entry and when it was applied. */
export interface Line {
  readonly at: number
  readonly entry: Entry
}

/** An entry as the text of a line that is yet to be sealed. */
export const lineText = (entry: EntryJson, at: number): string => JSON.stringify({ at, entry })

/**
 * The line as it stands in the file. `unsynced` is how many bytes before it may not have reached the disk when it is
 * written: only they can be torn by a crash. The sum is the CRC-32 of the line's bytes before `,"sum"`.
 */
export function sealLine(text: string, unsynced: number): string {
  const body = text.slice(0, -1) + (unsynced > 0 ? `,"unsynced":${unsynced}` : "")
  return `${body},"sum":"${sumOf(body)}"}\n`
}

const SUM = /^,"sum":"([0-9a-f]{8})"}$/
const SUM_LENGTH = 18

const sumOf = (body: string | Buffer): string => crc32(body).toString(16).padStart(8, "0")

/** The JSON text of a line (without its line feed) whose sum is right; `undefined` when it is damaged. */
export function intactText(bytes: Buffer): string | undefined {
  const body = bytes.subarray(0, Math.max(0, bytes.length - SUM_LENGTH))
  const sum = SUM.exec(bytes.subarray(body.length).toString("latin1"))?.[1]
  return sum === sumOf(body) ? bytes.toString() : undefined
}

/** How many bytes before an intact line may not have reached the disk when it was written. */
export const unsyncedBefore = (text: string): number => readLine(text).unsynced

/** @throws ShapeError when an intact line says what no version of this format says. */
export const parseLine = (text: string): Line => {
  const { entry, at } = readLine(text)
  return { entry: entryFromJson(entry), at }
}

function readLine(text: string): { entry: unknown; at: number; unsynced: number } {
  const line = readObject(parseJson(text), ["entry", "at", "unsynced", "sum"])
  const unsynced = line.unsynced === undefined ? 0 : readNumber(line.unsynced)
  return { entry: line.entry, at: readNumber(line.at), unsynced }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new ShapeError("no JSON")
  }
}
