import { applyChange } from "../../contract/apply-change.ts"
import { type Change, idOf, type Outcome, type Touch } from "../../contract/change.ts"
import type { SessionTable } from "./session-table.ts"

const GONE: Outcome = { kind: "gone" }
const EXISTS: Outcome = { kind: "exists" }

/** Applies one change to the table. What has expired stays where it is, for the sweep to report. */
export function changeTable(table: SessionTable, change: Change, now: number): Outcome {
  const row = table.find(idOf(change))
  const live = row !== 0 && table.isLive(row, now)
  if (change.kind === "create") {
    if (live) return EXISTS
    if (row !== 0) table.remove(row)
    table.insert(change.record)
    return applied(change.record.version)
  }
  if (!live) return GONE
  if (change.kind === "touch" && isPlain(table, row, change)) {
    table.touch(row, change.seen.at, change.seen.expiresAt)
    return applied(table.versionOf(row))
  }
  if (change.kind === "revoke") {
    const version = table.versionOf(row)
    table.remove(row)
    return applied(version)
  }
  const before = table.read(row, change.id)
  const { outcome, record } = applyChange(before, change, now)
  if (record !== undefined && record !== before) table.replace(row, before, record)
  return outcome
}

const isPlain = (table: SessionTable, row: number, change: Touch): boolean =>
  change.confirm === undefined || !table.awaitsConfirmation(row, change.confirm)

const applied = (version: number): Outcome => ({ kind: "applied", version })
