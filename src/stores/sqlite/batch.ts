import { applyChange } from "../../contract/apply-change.ts"
import type { Change, Outcome } from "../../contract/change.ts"
import type { SessionRecord } from "../../contract/record.ts"
import {
  COLUMNS,
  decodeData,
  decodeFacts,
  encodeData,
  encodeFacts,
  encodeText,
  type Row,
  type Value,
} from "./row.ts"
import type { Statements } from "./statements.ts"

/** A session that the batch works on: read once, changed in memory, written once. */
interface Held {
  readonly id: string
  /** As it was read. */
  readonly row: Row | undefined
  record: SessionRecord | undefined
  /** Whether `record` holds the data. It is decoded when a change needs it, which a touch never does. */
  hasData: boolean
}

/** Applies the changes within a transaction that the caller has begun. */
export function applyBatch(sql: Statements, changes: readonly Change[], now: number): Outcome[] {
  const batch = new Map<string, Held>()
  const outcomes = changes.map(change => {
    const id = change.kind === "create" ? change.record.id : change.id
    const held = batch.get(id) ?? read(sql, id)
    batch.set(id, held)
    return applyTo(held, change, now)
  })
  for (const held of batch.values()) write(sql, held)
  return outcomes
}

function read(sql: Statements, id: string): Held {
  const row = sql.find.one(encodeText(id))
  return { id, row, record: row && decodeFacts(row), hasData: false }
}

function applyTo(held: Held, change: Change, now: number): Outcome {
  if (!held.hasData && held.row && held.record && (change.kind === "patch" || change.kind === "rotate")) {
    held.record = { ...held.record, data: decodeData(held.row[19]) }
    held.hasData = true
  }
  const { outcome, record } = applyChange(held.record, change, now)
  // An expired record that a change met stays until the sweep, which has to report it.
  if (outcome.kind !== "applied") return outcome
  if (change.kind === "create") held.hasData = true
  held.record = record
  return outcome
}

function write(sql: Statements, { id, row, record, hasData }: Held): void {
  if (!record) {
    if (row) sql.remove.run(encodeText(id))
    return
  }
  const values = encodeFacts(record)
  if (hasData) values.push(encodeData(record.data))
  if (!row) sql.insert.run(...values)
  else update(sql, row, values)
}

function update(sql: Statements, row: Row, values: readonly Value[]): void {
  const columns = COLUMNS.filter((_, index) => index < values.length && values[index] !== row[index])
  if (columns.length === 0) return
  const changed = values.filter((value, index) => value !== row[index])
  sql.update(columns).run(...changed, row[0])
}
