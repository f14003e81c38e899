/**
 * Sessions in a file, for an application of one process: no server, no package, durable.
 *
 * All sessions are in memory, so reading costs no I/O. The file is a journal of JSON lines: a header, then one line for
 * each change with the changed keys alone, its time and a checksum. Changes are only ever appended; callers that come
 * together share one write and one sync. When garbage outweighs live data the file is compacted in the background.
 *
 * - Acknowledged is on the disk (`fdatasync`). The one exception: a touch without `confirm` is written, and so survives
 *   the end of the process, but is synced with the next change; a power failure may take back the last-seen times since.
 * - Readers see only what is stored. After a failed write or sync the store takes no more changes
 *   (`ERR_SESSION_STORE_UNAVAILABLE`), and goes on to answer from what is known to be stored.
 * - What a crash has torn at the end is cut off at opening (`onRepair`). Any other damage is `ERR_SESSION_STORE_CORRUPT`.
 * - A second process, or a second store in this one, is refused: `ERR_SESSION_STORE_LOCKED`.
 * - The file, its lock (`.lock`) and a compaction's file (`.tmp`) are for the owner alone (mode 0600); a file with wider
 *   rights is narrowed at opening. On Windows the directory's rights apply.
 * - Rate-limit counters (`hit`) are in memory alone, and begin anew with the process: no request waits for the disk to be counted.
 * - A creation beyond `maxSessions` rejects its whole call with `ERR_SESSION_STORE_FULL`, and nothing of that call is applied.
 */
import type { StoreContext } from "../../contract/store.ts"
import { nodeFileSystem } from "./file-system.ts"
import { parseFileUrl } from "./file-url.ts"
import { openStore } from "./open-store.ts"
import { type FileStoreOptions, resolveOptions } from "./options.ts"
import type { FileStore } from "./store.ts"

export { type ParsedFileUrl, parseFileUrl } from "./file-url.ts"
export type { FileRepair, FileStoreOptions } from "./options.ts"
export type { FileStore } from "./store.ts"

/**
 * Opens the file, or creates it.
 *
 * @throws SessionError `ERR_SESSION_CONFIG`, `ERR_SESSION_STORE_LOCKED`, `ERR_SESSION_STORE_CORRUPT` or
 *   `ERR_SESSION_STORE_UNAVAILABLE`
 */
export async function createFileStore(
  options: FileStoreOptions = {},
  context: StoreContext = { now: Date.now },
): Promise<FileStore> {
  return openStore(resolveOptions(options), context, nodeFileSystem)
}

/** Opens `file:./sessions.txt`, with the options as parameters; `file:` alone is the default path. */
export async function openFileStore(url: string, context: StoreContext): Promise<FileStore> {
  const { path, options } = parseFileUrl(url)
  return createFileStore({ ...options, ...(path !== undefined && { path }) }, context)
}
