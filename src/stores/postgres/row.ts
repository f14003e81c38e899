import type { ClientFacts, Login, SessionData, SessionRecord, StoredValue } from "../../contract/record.ts"
import { readList, readNumber, readText, ShapeError } from "../json-shape.ts"
import { clientFromText, clientToJson, loginFactsFromJson, loginFactsToJson } from "../record-json.ts"
import { unreadableRow } from "./errors.ts"
import type { PostgresRow } from "./pool.ts"
import { decodeText, encodeText } from "./text.ts"

/** What a statement returns of a session. The data comes as text, since a pool may have its own reader of jsonb. */
export const SELECTED = `id, secret_hash, previous_secret_hash, previous_confirmed_at, epoch, version, generation, created_at,
  rotated_at, last_seen_at, idle_timeout, absolute_expires_at, expires_at, persistent, user_id, authenticated_at,
  login_facts, external_id, client, data::text AS data`

const NO_DATA: SessionData = new Map()

/** Throws `ERR_SESSION_STORE_CORRUPT` when the row is not what this store writes. */
export function decodeRecord(row: PostgresRow): SessionRecord {
  try {
    return {
      id: decodeText(readText(row["id"])),
      secretHash: decodeText(readText(row["secret_hash"])),
      previous: decodePrevious(row),
      epoch: Number(row["epoch"]),
      version: Number(row["version"]),
      generation: Number(row["generation"]),
      createdAt: Number(row["created_at"]),
      rotatedAt: Number(row["rotated_at"]),
      lastSeenAt: Number(row["last_seen_at"]),
      idleTimeout: Number(row["idle_timeout"]),
      absoluteExpiresAt: Number(row["absolute_expires_at"]),
      expiresAt: Number(row["expires_at"]),
      persistent: row["persistent"] === true,
      login: decodeLogin(row),
      client: clientFromText(readText(row["client"])),
      data: decodeData(readText(row["data"])),
    }
  } catch (error) {
    throw unreadableRow(row["id"], error)
  }
}

function decodePrevious(row: PostgresRow): SessionRecord["previous"] {
  const { previous_secret_hash: hash, previous_confirmed_at: at } = row
  if (hash === null) return undefined
  return { secretHash: decodeText(readText(hash)), confirmedAt: at === null ? undefined : Number(at) }
}

function decodeLogin(row: PostgresRow): Login | undefined {
  const { user_id: userId, external_id: externalId } = row
  if (userId === null) return undefined
  return {
    userId: decodeText(readText(userId)),
    authenticatedAt: Number(row["authenticated_at"]),
    ...loginFactsFromJson(parse(row["login_facts"])),
    ...(externalId !== null && { externalId: decodeText(readText(externalId)) }),
  }
}

const parse = (text: unknown): unknown => JSON.parse(readText(text))

/** The columns of a login, in the order `user_id`, `authenticated_at`, `login_facts`, `external_id`. */
export function encodeLogin(
  login: Login | undefined,
): readonly [string | null, number | null, string | null, string | null] {
  if (!login) return [null, null, null, null]
  const { userId, authenticatedAt, externalId, ...facts } = login
  return [
    encodeText(userId),
    authenticatedAt,
    JSON.stringify(loginFactsToJson(facts)),
    externalId === undefined ? null : encodeText(externalId),
  ]
}

export const encodeClient = (client: ClientFacts): string => JSON.stringify(clientToJson(client))

/** Data is kept as `{key: text}`, or `{key: [text, expiresAt]}` where the key has an end of its own. */
export function encodeData(data: SessionData): string {
  if (data.size === 0) return "{}"
  const members: string[] = []
  for (const [key, { text, expiresAt }] of data) {
    const value = JSON.stringify(encodeText(text))
    members.push(
      `${JSON.stringify(encodeText(key))}:${expiresAt === undefined ? value : `[${value},${expiresAt}]`}`,
    )
  }
  return `{${members.join(",")}}`
}

/** The earliest end that a key of the data has of its own. */
export function earliestEnd(data: SessionData): number | null {
  let earliest: number | null = null
  for (const { expiresAt } of data.values()) {
    if (expiresAt !== undefined && (earliest === null || expiresAt < earliest)) earliest = expiresAt
  }
  return earliest
}

export function decodeData(json: string): SessionData {
  if (json === "{}") return NO_DATA
  const members: unknown = JSON.parse(json)
  if (typeof members !== "object" || members === null || Array.isArray(members))
    throw new ShapeError("no object")
  const data = new Map<string, StoredValue>()
  for (const [key, value] of Object.entries(members)) data.set(decodeText(key), decodeValue(value))
  return data
}

function decodeValue(value: unknown): StoredValue {
  if (typeof value === "string") return { text: decodeText(value) }
  const [text, expiresAt] = readList(value, item => item)
  return { text: decodeText(readText(text)), expiresAt: readNumber(expiresAt) }
}
