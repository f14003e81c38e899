import { applyChange } from "../../contract/apply-change.ts"
import type { Change, Create, Outcome, Patch, Rotate, Touch } from "../../contract/change.ts"
import { unreadableRow } from "./errors.ts"
import { COLUMNS, decodeRecord, encodeRecord, encodeText, hasExpired, mergeData } from "./row.ts"
import type { Statements } from "./statements.ts"

const GONE: Outcome = { kind: "gone" }
const CONFLICT: Outcome = { kind: "conflict" }
const EXISTS: Outcome = { kind: "exists" }

const applied = (version: number): Outcome => ({ kind: "applied", version })

/**
 * Applies the changes, in order, within a transaction that the caller has begun. An expired record that one of them meets
 * stays until the sweep, which has to report it.
 */
export const applyBatch = (sql: Statements, changes: readonly Change[], now: number): Outcome[] =>
  changes.map(change => applyOne(sql, change, now))

function applyOne(sql: Statements, change: Change, now: number): Outcome {
  switch (change.kind) {
    case "create":
      return create(sql, change, now)
    case "patch":
      return isOfDataAlone(change) ? patchData(sql, change, now) : rewrite(sql, change, now)
    case "rotate":
      return rewrite(sql, change, now)
    case "touch":
      return touch(sql, change, now)
    case "revoke":
      return appliedTo(sql.revoke.one(encodeText(change.id), now))
  }
}

const isOfDataAlone = ({ client, lifetime, seen }: Patch): boolean => !client && !lifetime && !seen

function create(sql: Statements, { record }: Create, now: number): Outcome {
  const { changes } = sql.create.run(...encodeRecord(record), now)
  return Number(changes) === 0 ? EXISTS : applied(record.version)
}

function touch(sql: Statements, { id, seen, confirm }: Touch, now: number): Outcome {
  return appliedTo(sql.touch.one(seen.at, seen.expiresAt, confirm ?? null, seen.at, encodeText(id), now))
}

const appliedTo = (row: readonly [version: number] | undefined): Outcome => (row ? applied(row[0]) : GONE)

/** Most changes are such a patch, so that it reads and writes nothing but what it is about. */
function patchData(sql: Statements, change: Patch, now: number): Outcome {
  const row = sql.findData.one(encodeText(change.id))
  if (!row) return GONE
  const [rowid, epoch, version, expiresAt, data] = row
  if (expiresAt <= now) return GONE
  if (epoch !== change.epoch || version !== (change.ifVersion ?? version)) return CONFLICT
  sql.updateData.run(version + 1, merged(data, change, now), rowid)
  return applied(version + 1)
}

function merged(data: string, change: Patch, now: number): string {
  try {
    return mergeData(data, change, now)
  } catch (error) {
    throw unreadableRow(change.id, error)
  }
}

/** Reads the whole record, and writes what of it is another afterwards. */
function rewrite(sql: Statements, change: Patch | Rotate, now: number): Outcome {
  const row = sql.find.one(encodeText(change.id))
  if (!row || hasExpired(row, now)) return GONE
  const { outcome, record } = applyChange(decodeRecord(row), change, now)
  if (record && outcome.kind === "applied") {
    const values = encodeRecord(record)
    const columns = COLUMNS.filter((_, index) => values[index] !== row[index])
    sql.update(columns).run(...values.filter((value, index) => value !== row[index]), row[0])
  }
  return outcome
}
