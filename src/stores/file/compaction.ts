import type { SessionRecord } from "../../contract/record.ts"
import { changeToJson } from "./change-json.ts"
import { type FileSystem, type OpenFile, OWNER_ONLY, readPieces, writeAll } from "./file-system.ts"
import type { Journal } from "./journal.ts"
import { HEADER, lineText, sealLine } from "./journal-line.ts"
import { temporaryPath } from "./open-journal.ts"

export interface CompactionSource {
  readonly path: string
  readonly files: FileSystem
  readonly journal: Journal
  /** What the journal's first `journal.size` bytes say at the moment of the call. */
  readonly records: readonly SessionRecord[]
  readonly now: () => number
  /** Gives up, and leaves the file as it is. */
  readonly signal: AbortSignal
}

/** Bytes written in one go. Between two slices the event loop turns, so this bounds how long it can stall. */
const SLICE = 64 * 1024

/**
 * Puts in the journal's place a file that says the same in the fewest lines: one for each record, then what has
 * been appended meanwhile, as it stands. Until the rename the old file is whole, from then on the new one is.
 */
export async function compact(source: CompactionSource): Promise<void> {
  const { path, files, journal } = source
  const start = journal.size
  await files.remove(temporaryPath(path))
  const file = await files.open(temporaryPath(path), "ax+", OWNER_ONLY)
  try {
    const snapshotSize = await writeSnapshot(file, source)
    const copied = await catchUp(file, journal, start, source.signal)
    await file.datasync()
    await journal.moveTo(async () => {
      source.signal.throwIfAborted()
      const end = journal.size
      await copy(journal.file, copied, end, file)
      await file.datasync()
      await takePlace(source)
      return { file, size: snapshotSize + end - start }
    })
  } catch (error) {
    await file.close()
    await files.remove(temporaryPath(path))
    throw error
  }
}

async function writeSnapshot(file: OpenFile, source: CompactionSource): Promise<number> {
  const at = source.now()
  let size = 0
  let slice = HEADER
  const flush = async () => {
    const bytes = Buffer.from(slice)
    await writeAll(file, bytes)
    size += bytes.length
    slice = ""
  }
  for (const record of source.records) {
    slice += sealLine(lineText(changeToJson({ kind: "create", record }), at), 0)
    if (slice.length < SLICE) continue
    source.signal.throwIfAborted()
    await flush()
  }
  await flush()
  return size
}

/**
 * Copies what was appended from `start` on, as long as that brings it nearer to the end; resolves to where it has come
 * to. Appending has to wait only while the rest is copied.
 */
async function catchUp(
  file: OpenFile,
  journal: Journal,
  start: number,
  signal: AbortSignal,
): Promise<number> {
  let copied = start
  let behind = Number.POSITIVE_INFINITY
  while (journal.size - copied > SLICE && journal.size - copied < behind / 2) {
    signal.throwIfAborted()
    const end = journal.size
    behind = end - copied
    await copy(journal.file, copied, end, file)
    copied = end
  }
  return copied
}

async function copy(from: OpenFile, start: number, end: number, to: OpenFile): Promise<void> {
  for await (const piece of readPieces(from, start, end, SLICE)) await writeAll(to, piece)
}

async function takePlace({ path, files, journal }: CompactionSource): Promise<void> {
  await files.rename(temporaryPath(path), path)
  try {
    await files.syncDirectoryOf(path)
  } catch (error) {
    // A power failure could bring the old file back, without what would be appended to the new one.
    journal.fail(error)
    throw error
  }
}
