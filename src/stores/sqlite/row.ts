import type { DataChange } from "../../contract/change.ts"
import type { ClientFacts, Login, SessionData, SessionRecord, StoredValue } from "../../contract/record.ts"
import { loginFactsFromJson, loginFactsToJson } from "../record-json.ts"
import { unreadableRow } from "./errors.ts"

/** The columns of the session table, in the order in which every statement reads and writes whole records. */
export const COLUMNS = [
  "id",
  "secret_hash",
  "previous_secret_hash",
  "previous_confirmed_at",
  "epoch",
  "version",
  "generation",
  "created_at",
  "rotated_at",
  "last_seen_at",
  "idle_timeout",
  "absolute_expires_at",
  "expires_at",
  "persistent",
  "user_id",
  "authenticated_at",
  "external_id",
  "login_facts",
  "client",
  "data",
] as const

export type Value = string | number | null

export type Column = (typeof COLUMNS)[number]

/** A row as SQLite returns it: one value per column of {@link COLUMNS}. The schema is STRICT, so the types hold. */
export type Row = readonly [
  id: string,
  secretHash: string,
  previousSecretHash: string | null,
  previousConfirmedAt: number | null,
  epoch: number,
  version: number,
  generation: number,
  createdAt: number,
  rotatedAt: number,
  lastSeenAt: number,
  idleTimeout: number,
  absoluteExpiresAt: number,
  expiresAt: number,
  persistent: number,
  userId: string | null,
  authenticatedAt: number | null,
  externalId: string | null,
  loginFacts: string | null,
  client: string,
  data: string,
]

const NO_DATA: SessionData = new Map()

/** Throws `ERR_SESSION_STORE_CORRUPT` when the row is not what this store writes. */
export function decodeRecord(row: Row): SessionRecord {
  try {
    return readRecord(row)
  } catch (error) {
    throw unreadableRow(row[0], error)
  }
}

export const hasExpired = (row: Row, now: number): boolean => row[12] <= now

function readRecord(row: Row): SessionRecord {
  return {
    id: decodeText(row[0]),
    secretHash: row[1],
    previous: row[2] === null ? undefined : { secretHash: row[2], confirmedAt: row[3] ?? undefined },
    epoch: row[4],
    version: row[5],
    generation: row[6],
    createdAt: row[7],
    rotatedAt: row[8],
    lastSeenAt: row[9],
    idleTimeout: row[10],
    absoluteExpiresAt: row[11],
    expiresAt: row[12],
    persistent: row[13] !== 0,
    login: decodeLogin(row),
    client: row[18] === "{}" ? {} : (JSON.parse(row[18]) as ClientFacts),
    data: decodeData(row[19]),
  }
}

/** The values of every column, in order. */
export function encodeRecord(record: SessionRecord): Value[] {
  const { previous, login } = record
  return [
    encodeText(record.id),
    record.secretHash,
    previous ? previous.secretHash : null,
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
    record.persistent ? 1 : 0,
    login ? encodeText(login.userId) : null,
    login ? login.authenticatedAt : null,
    login?.externalId === undefined ? null : encodeText(login.externalId),
    login ? JSON.stringify(loginFactsToJson(login)) : null,
    JSON.stringify(record.client),
    encodeData(record.data),
  ]
}

function decodeLogin(row: Row): Login | undefined {
  const [userId, authenticatedAt, externalId, facts] = [row[14], row[15], row[16], row[17]]
  if (userId === null || authenticatedAt === null || facts === null) return undefined
  return {
    ...{ userId: decodeText(userId), authenticatedAt },
    ...loginFactsFromJson(JSON.parse(facts)),
    ...(externalId !== null && { externalId: decodeText(externalId) }),
  }
}

/** Data is kept as a JSON array of these, since keys may be `__proto__` or `1`. */
type Entry = readonly [key: string, text: string, expiresAt?: number]

const encodeEntry = (key: string, { text, expiresAt }: StoredValue): Entry =>
  expiresAt === undefined ? [key, text] : [key, text, expiresAt]

const encodeData = (data: SessionData): string =>
  JSON.stringify(Array.from(data, ([key, value]) => encodeEntry(key, value)))

function decodeData(json: string): SessionData {
  if (json === "[]") return NO_DATA
  const data = new Map<string, StoredValue>()
  for (const [key, text, expiresAt] of parseEntries(json)) {
    data.set(key, expiresAt === undefined ? { text } : { text, expiresAt })
  }
  return data
}

function parseEntries(json: string): Entry[] {
  const entries = JSON.parse(json) as Entry[]
  for (const [key, text] of entries) {
    if (typeof key !== "string" || typeof text !== "string") throw new TypeError("data holds no text")
  }
  return entries
}

/** What a change makes of data, without decoding the values that stay. Keys that have ended go, as in `applyChange`. */
export function mergeData(json: string, { set, unset }: DataChange, now: number): string {
  const entries = new Map<string, Entry>()
  for (const entry of parseEntries(json)) {
    const [key, , expiresAt] = entry
    if (expiresAt === undefined || now < expiresAt) entries.set(key, entry)
  }
  for (const key of unset) entries.delete(key)
  for (const [key, value] of set) entries.set(key, encodeEntry(key, value))
  return JSON.stringify([...entries.values()])
}

/**
 * Ids as SQLite can hold them. A lone surrogate has no UTF-8 form, and SQLite would turn two such texts into one; Node
 * 22.13 reads text up to its first NUL. They are kept as JSON, and so is what could be taken for it. All other text stays as it is.
 */
export const encodeText = (text: string): string =>
  UNFIT.test(text) || text.startsWith('"') ? JSON.stringify(text) : text

export const decodeText = (text: string): string => (text.startsWith('"') ? String(JSON.parse(text)) : text)

const UNFIT = /[\p{Surrogate}\0]/u
