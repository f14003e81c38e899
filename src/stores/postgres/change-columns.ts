import type { Create, Lifetime, Patch, Revoke, Rotate, Seen, Touch } from "../../contract/change.ts"
import { payloadsOf } from "./notices.ts"
import { earliestEnd, encodeClient, encodeData, encodeLogin } from "./row.ts"
import { encodeText } from "./text.ts"

/** What of a change goes into a statement: one column of its input for each. */
export interface InputColumn {
  readonly name: string
  readonly type: "text" | "bigint" | "float8" | "boolean" | "jsonb"
}

export type InputValue = string | number | boolean | null

const columns = (type: InputColumn["type"], ...names: string[]): InputColumn[] =>
  names.map(name => ({ name, type }))

const DATA_COLUMNS = [
  ...columns("jsonb", "set_data", "unset_keys"),
  ...columns("float8", "keys_end_at"),
  ...columns("text", "client"),
  ...columns("float8", "idle_timeout", "absolute_expires_at", "expires_at"),
  ...columns("boolean", "persistent"),
  ...columns("float8", "seen_at", "seen_until"),
]

const LOGIN_COLUMNS = [
  ...columns("text", "user_id"),
  ...columns("float8", "authenticated_at"),
  ...columns("text", "login_facts", "external_id"),
]

/** The columns of every kind of change, in the order of the values below. */
export const INPUT_COLUMNS = {
  create: [
    ...columns("text", "id", "secret_hash", "previous_secret_hash"),
    ...columns("float8", "previous_confirmed_at"),
    ...columns("bigint", "epoch", "version", "generation"),
    ...columns("float8", "created_at", "rotated_at", "last_seen_at"),
    ...columns("float8", "idle_timeout", "absolute_expires_at", "expires_at"),
    ...columns("boolean", "persistent"),
    ...LOGIN_COLUMNS,
    ...columns("text", "client"),
    ...columns("jsonb", "data"),
    ...columns("float8", "keys_end_at"),
  ],
  plain: [...columns("text", "id"), ...columns("bigint", "epoch"), ...columns("jsonb", "set_data")],
  patch: [...columns("text", "id"), ...columns("bigint", "epoch", "if_version"), ...DATA_COLUMNS],
  rotate: [
    ...columns("text", "id"),
    ...columns("bigint", "epoch", "generation"),
    ...columns("text", "secret_hash", "previous_secret_hash"),
    ...columns("float8", "rotated_at"),
    ...columns("boolean", "privilege"),
    ...LOGIN_COLUMNS,
    ...DATA_COLUMNS,
    ...columns("text", "notice"),
  ],
  touch: [
    ...columns("text", "id"),
    ...columns("float8", "seen_at", "seen_until"),
    ...columns("bigint", "confirm"),
  ],
  revoke: columns("text", "id", "notice"),
} as const satisfies Record<string, readonly InputColumn[]>

export function createValues({ record }: Create): InputValue[] {
  const { previous } = record
  return [
    encodeText(record.id),
    encodeText(record.secretHash),
    previous ? encodeText(previous.secretHash) : null,
    previous?.confirmedAt ?? null,
    record.epoch,
    record.version,
    record.generation,
    record.createdAt,
    record.rotatedAt,
    record.lastSeenAt,
    record.idleTimeout,
    record.absoluteExpiresAt,
    record.expiresAt,
    record.persistent,
    ...encodeLogin(record.login),
    encodeClient(record.client),
    encodeData(record.data),
    earliestEnd(record.data),
  ]
}

/** Whether the change sets keys without an end of their own, and does nothing else: as most changes. */
export function isPlain({ set, unset, ifVersion, client, lifetime, seen }: Patch): boolean {
  if (unset.length > 0 || ifVersion !== undefined || client || lifetime || seen) return false
  return earliestEnd(set) === null
}

export const plainValues = ({ id, epoch, set }: Patch): InputValue[] => [
  encodeText(id),
  epoch,
  encodeData(set),
]

export const patchValues = (change: Patch): InputValue[] => [
  encodeText(change.id),
  change.epoch,
  change.ifVersion ?? null,
  ...dataValues(change),
]

export const rotateValues = (change: Rotate): InputValue[] => [
  encodeText(change.id),
  change.epoch,
  change.generation,
  encodeText(change.secretHash),
  change.previousSecretHash === undefined ? null : encodeText(change.previousSecretHash),
  change.at,
  change.privilege !== undefined,
  ...encodeLogin(change.privilege?.login),
  ...dataValues(change),
  noticeOfRotation(change.id),
]

export const touchValues = ({ id, seen, confirm }: Touch): InputValue[] => [
  encodeText(id),
  seen.at,
  seen.expiresAt,
  confirm ?? null,
]

export const revokeValues = ({ id }: Revoke): InputValue[] => [
  encodeText(id),
  payloadsOf([{ kind: "revoked", id }]).join(),
]

/** Stands in the notice of a rotation for the version, which only the statement comes to know. */
export const UNKNOWN_VERSION = Number.MAX_SAFE_INTEGER

const noticeOfRotation = (id: string): string =>
  payloadsOf([{ kind: "changed", id, version: UNKNOWN_VERSION }]).join()

const dataValues = ({ set, unset, client, lifetime, seen }: Patch | Rotate): InputValue[] => [
  encodeData(set),
  unset.length === 0 ? "[]" : JSON.stringify(unset.map(encodeText)),
  earliestEnd(set),
  client ? encodeClient(client) : null,
  ...lifetimeValues(lifetime),
  ...seenValues(seen),
]

const lifetimeValues = (lifetime: Lifetime | undefined): InputValue[] =>
  lifetime
    ? [lifetime.idleTimeout, lifetime.absoluteExpiresAt, lifetime.expiresAt, lifetime.persistent]
    : [null, null, null, null]

const seenValues = (seen: Seen | undefined): InputValue[] => (seen ? [seen.at, seen.expiresAt] : [null, null])
