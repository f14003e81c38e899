import { realpath } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import { isSessionError, SessionError } from "../../contract/errors.ts"
import { type FileSystem, type OpenFile, OWNER_ONLY, writeAll } from "./file-system.ts"
import { HEADER } from "./journal-line.ts"
import type { FileRepair } from "./options.ts"
import { type Replayed, replay } from "./replay.ts"

export interface OpenedJournal extends Replayed {
  readonly file: OpenFile
}

/** Where a compaction writes its file. */
export const temporaryPath = (path: string): string => `${path}.tmp`

/** The path without symbolic links: the lock and a compaction's rename must meet the file itself. */
export async function resolvePath(path: string): Promise<string> {
  try {
    return await realpath(path).catch(async () => join(await realpath(dirname(path)), basename(path)))
  } catch (cause) {
    throw new SessionError(
      "ERR_SESSION_CONFIG",
      `The directory of the session file ${path} cannot be reached. Create it, or name another path.`,
      cause,
    )
  }
}

/**
 * Opens the journal, creates it if missing, cuts off a torn tail, and syncs: all that is read lasts. A file that others
 * may read is made the owner's alone.
 */
export async function openJournal(
  path: string,
  files: FileSystem,
  onRepair: (repair: FileRepair) => void,
): Promise<OpenedJournal> {
  try {
    await files.remove(temporaryPath(path))
    const file = await files.open(path, "a+", OWNER_ONLY)
    try {
      const replayed = await replay(path, file)
      const size = await repair(file, replayed)
      await file.chmod(OWNER_ONLY)
      await file.datasync()
      await files.syncDirectoryOf(path)
      const bytes = replayed.fileSize - replayed.size
      if (bytes > 0) onRepair({ path, line: replayed.lines + 1, bytes })
      return { ...replayed, file, size }
    } catch (error) {
      await file.close()
      throw error
    }
  } catch (error) {
    throw isSessionError(error) ? error : cannotOpen(path, error)
  }
}

async function repair(file: OpenFile, { size, fileSize }: Replayed): Promise<number> {
  if (size < fileSize) await file.truncate(size)
  if (size > 0) return size
  await writeAll(file, Buffer.from(HEADER))
  return HEADER.length
}

const cannotOpen = (path: string, cause: unknown): SessionError =>
  new SessionError(
    "ERR_SESSION_STORE_UNAVAILABLE",
    `The session file ${path} cannot be opened. See to its rights (this process must own it) and to the disk.`,
    cause,
  )
