import { setImmediate as nextTurn } from "node:timers/promises"
import type { SessionTable } from "./session-table.ts"

/** What a writer does: the methods of the table that change it or may take long. */
export type JobName =
  | "apply"
  | "sweep"
  | "revokeByUser"
  | "revokeByExternalId"
  | "hit"
  | "sweepHits"
  | "lastRow"
  | "dataVersion"
  | "revokeSlice"
  | "countLive"
  | "countUsersSeen"

export type JobInput<Name extends JobName> = Parameters<SessionTable[Name]>
export type JobResult<Name extends JobName> = ReturnType<SessionTable[Name]>

/** Where the writing is done. Jobs run in the order given, one at a time. */
export interface Writer {
  /** Rejects with what SQLite threw; `SQLITE_BUSY` means that nothing was done. */
  run<Name extends JobName>(name: Name, ...input: JobInput<Name>): Promise<JobResult<Name>>
  /** Finishes what was given, moves it into the database file and frees the writer. */
  close(): Promise<void>
}

/**
 * Writes in the caller's thread, after the event loop's turn: what the turn's requests change has then piled up in front
 * of the batch, and shares its successor.
 */
export function mainWriter(table: SessionTable): Writer {
  return {
    run: async (name, ...input) => {
      await nextTurn()
      return runJob(table, name, input)
    },
    close: async () => {
      await nextTurn()
      table.checkpoint()
    },
  }
}

export function runJob<Name extends JobName>(
  table: SessionTable,
  name: Name,
  input: JobInput<Name>,
): JobResult<Name> {
  // TypeScript cannot see that a name's method takes the same name's input.
  const method = table[name] as (...input: JobInput<Name>) => JobResult<Name>
  return method.apply(table, input)
}
