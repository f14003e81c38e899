import type { StoreContext } from "../../contract/store.ts"
import { HitCounts } from "../hit-counts.ts"
import { Compactor } from "./compactor.ts"
import type { FileSystem } from "./file-system.ts"
import { freezeParts } from "./guarded-record.ts"
import { Journal } from "./journal.ts"
import { acquireLock } from "./lock.ts"
import { openJournal, resolvePath } from "./open-journal.ts"
import type { FileStoreOptions } from "./options.ts"
import { Records } from "./records.ts"
import { FileStore } from "./store.ts"

/** Locks the file, reads it, and puts the store together. */
export async function openStore(
  options: Required<FileStoreOptions>,
  { now }: StoreContext,
  files: FileSystem,
): Promise<FileStore> {
  const path = await resolvePath(options.path)
  const lost = new AbortController()
  const lock = await acquireLock(`${path}.lock`, () => lost.abort(LOCK_LOST))
  try {
    const { file, size, usage, records: replayed } = await openJournal(path, files, options.onRepair)
    const live = [...replayed.values()].filter(record => now() < record.expiresAt)
    usage.drop(replayed.size - live.length)
    const records = new Records()
    const effects = live.map(record => ({ id: record.id, record: freezeParts(record) }))
    records.advance(effects)
    records.settle(effects)
    const journal = new Journal(file, size)
    lost.signal.addEventListener("abort", () => journal.fail(lost.signal.reason))
    const compactor = new Compactor({ ...options, path, files, journal, records, usage, now })
    compactor.compactIfWorthwhile()
    const { maxSessions, maxHitKeys } = options
    const hits = new HitCounts(maxHitKeys)
    return new FileStore({ records, usage, journal, compactor, lock, hits, now, maxSessions })
  } catch (error) {
    await lock.release()
    throw error
  }
}

const LOCK_LOST = new Error("the lock file was removed or taken by another process")
