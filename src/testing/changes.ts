import type { Create, Patch, Revoke, Rotate, Seen, Touch } from "../contract/change.ts"
import type { SessionRecord } from "../contract/record.ts"

type Named = Pick<SessionRecord, "id">
type Fields<C> = Partial<Omit<C, "kind" | "id">>

/** Builders of changes: each addresses the record given, with the epoch and generation that it shows. */

export const create = (record: SessionRecord): Create => ({ kind: "create", record })

export const patch = (record: Pick<SessionRecord, "id" | "epoch">, fields: Fields<Patch> = {}): Patch => ({
  kind: "patch",
  id: record.id,
  epoch: record.epoch,
  set: new Map(),
  unset: [],
  ...fields,
})

/** A periodic rotation: the record's secret becomes the previous one. */
export const rotate = (
  record: Pick<SessionRecord, "id" | "epoch" | "generation" | "secretHash">,
  fields: Fields<Rotate> & Pick<Rotate, "secretHash" | "at">,
): Rotate => ({
  kind: "rotate",
  id: record.id,
  epoch: record.epoch,
  generation: record.generation,
  previousSecretHash: record.secretHash,
  set: new Map(),
  unset: [],
  ...fields,
})

/** A change of privilege: the old secret ends at once. */
export const rotatePrivilege = (
  record: Pick<SessionRecord, "id" | "epoch" | "generation" | "secretHash">,
  fields: Fields<Rotate> & Pick<Rotate, "secretHash" | "at"> & Required<Pick<Rotate, "privilege">>,
): Rotate => rotate(record, { previousSecretHash: undefined, ...fields })

export const touch = (record: Named, seen: Seen, confirm?: number): Touch => ({
  kind: "touch",
  id: record.id,
  seen,
  ...(confirm === undefined ? {} : { confirm }),
})

export const revoke = (record: Named): Revoke => ({ kind: "revoke", id: record.id })
