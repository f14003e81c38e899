import type { ClientFacts, Login, SessionData, SessionRecord, StoredValue } from "../../contract/record.ts"
import { loginFactsFromJson, loginFactsToJson } from "../record-json.ts"

/**
 * The columns of the session table, in the order in which every statement reads and writes them; `data` is the last, so
 * that a row without it is all the facts.
 */
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

/** Everything of a record but its data, which the caller adds with {@link decodeData} when it is wanted. */
export function decodeFacts(row: Row): SessionRecord {
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
    data: NO_DATA,
  }
}

/** The values of every column but `data`, in order. */
export function encodeFacts(record: SessionRecord): Value[] {
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

/** Data is kept as JSON: `[[key, text], [key, text, expiresAt], …]`. An array, since keys may be `__proto__` or `1`. */
export function encodeData(data: SessionData): string {
  const entries: (readonly (string | number)[])[] = []
  for (const [key, { text, expiresAt }] of data) {
    entries.push(expiresAt === undefined ? [key, text] : [key, text, expiresAt])
  }
  return JSON.stringify(entries)
}

export function decodeData(json: string): SessionData {
  if (json === "[]") return NO_DATA
  const entries = JSON.parse(json) as [key: string, text: string, expiresAt?: number][]
  const data = new Map<string, StoredValue>()
  for (const [key, text, expiresAt] of entries) {
    if (typeof key !== "string" || typeof text !== "string") throw new TypeError("data holds no text")
    data.set(key, expiresAt === undefined ? { text } : { text, expiresAt })
  }
  return data
}

/**
 * Ids as SQLite can hold them. A lone surrogate has no UTF-8 form, and SQLite would turn two such texts into one;
 * they are kept as JSON, and so is what could be taken for it. All other text stays as it is.
 */
export const encodeText = (text: string): string =>
  LONE_SURROGATE.test(text) || text.startsWith('"') ? JSON.stringify(text) : text

export const decodeText = (text: string): string => (text.startsWith('"') ? String(JSON.parse(text)) : text)

const LONE_SURROGATE = /\p{Surrogate}/u
