import { liveData } from "../../contract/apply-change.ts"
import type { Login, SessionData, SessionRecord, StoredValue } from "../../contract/record.ts"
import { clientFromText, loginFromJson } from "../record-json.ts"
import { decodeText, encodeText, indexName } from "./layout.ts"

/**
 * A session is a hash: a field for each value of its data, one for its version, and one for all else that the store knows of
 * it, so that a plain change writes two small fields, and a read gets few.
 *
 * | field | |
 * |---|---|
 * | `v` | the version |
 * | `f` | the other facts, with tabs between; what is not there is an empty text |
 * | `d<key>` | a value: its end or nothing, `:`, its text |
 *
 * No field and no value holds a line feed, so that a script can answer with a whole session in one text of lines.
 */
export type Field = string

const VERSION = "v"
const FACTS = "f"
const DATA = "d"

/** The facts of a record but its version, in the order that the scripts know them in, by one letter each. */
export function encodeFacts(record: SessionRecord): string {
  const { previous } = record
  const login = encodeLogin(record.login)
  return [
    /* e */ record.epoch,
    /* t */ earliestEnd(record.data),
    /* x */ record.expiresAt,
    /* l */ record.lastSeenAt,
    /* a */ record.absoluteExpiresAt,
    /* u */ login.user,
    /* n */ login.external,
    /* g */ record.generation,
    /* i */ record.idleTimeout,
    /* k */ record.persistent ? 1 : 0,
    /* c */ record.createdAt,
    /* r */ record.rotatedAt,
    /* s */ record.secretHash,
    /* p */ previous?.secretHash ?? "",
    /* q */ previous?.confirmedAt ?? "",
    /* o */ login.json,
    /* w */ JSON.stringify(record.client),
  ].join("\t")
}

/** A login and the names of the indexes that it stands in; empty texts for what is not there. */
export interface EncodedLogin {
  readonly json: string
  readonly user: string
  readonly external: string
  readonly authenticatedAt: string
}

export function encodeLogin(login: Login | undefined): EncodedLogin {
  if (!login) return { json: "", user: "", external: "", authenticatedAt: "" }
  return {
    json: JSON.stringify(login),
    user: indexName(login.userId),
    external: login.externalId === undefined ? "" : indexName(login.externalId),
    authenticatedAt: `${login.authenticatedAt}`,
  }
}

export const encodeKey = (key: string): Field => `${DATA}${encodeText(key)}`

export function encodeData(data: SessionData): string[] {
  const fields: string[] = []
  for (const [key, { text, expiresAt }] of data) {
    fields.push(encodeKey(key), `${expiresAt ?? ""}:${encodeText(text)}`)
  }
  return fields
}

/** The moment at which the first of the keys ends, or an empty text. */
export function earliestEnd(data: SessionData): string {
  let end = Number.POSITIVE_INFINITY
  for (const { expiresAt } of data.values()) end = Math.min(end, expiresAt ?? end)
  return end === Number.POSITIVE_INFINITY ? "" : `${end}`
}

/** The record that the fields of a hash make, without the keys that have ended. Throws when they make none. */
export function decodeRecord(id: string, fields: readonly string[], now: number): SessionRecord {
  let [version, facts]: (string | undefined)[] = []
  const data = new Map<string, StoredValue>()
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const [name = "", value = ""] = [fields[index], fields[index + 1]]
    if (name.startsWith(DATA)) data.set(decodeText(name.slice(DATA.length)), decodeValue(value))
    else if (name === FACTS) facts = value
    else if (name === VERSION) version = value
  }
  if (facts === undefined) throw new TypeError("it has no facts")
  return decodeFacts(id, toNumber(version), facts.split("\t"), liveData(data, now))
}

function decodeFacts(id: string, version: number, facts: string[], data: SessionData): SessionRecord {
  if (facts.length !== 17) throw new TypeError(`it has ${facts.length} facts`)
  const [epoch, , expiresAt, lastSeenAt, absoluteExpiresAt, , , generation, ...others] = facts
  const [idleTimeout, persistent, createdAt, rotatedAt, secretHash, previous, confirmedAt, login, client] =
    others
  return {
    id,
    secretHash: secretHash ?? "",
    previous: decodePrevious(previous, confirmedAt),
    epoch: toNumber(epoch),
    version,
    generation: toNumber(generation),
    createdAt: toNumber(createdAt),
    rotatedAt: toNumber(rotatedAt),
    lastSeenAt: toNumber(lastSeenAt),
    idleTimeout: toNumber(idleTimeout),
    absoluteExpiresAt: toNumber(absoluteExpiresAt),
    expiresAt: toNumber(expiresAt),
    persistent: persistent === "1",
    login: login ? loginFromJson(JSON.parse(login)) : undefined,
    client: clientFromText(client ?? ""),
    data,
  }
}

const decodePrevious = (secretHash?: string, confirmedAt?: string): SessionRecord["previous"] =>
  secretHash ? { secretHash, confirmedAt: confirmedAt ? toNumber(confirmedAt) : undefined } : undefined

function decodeValue(value: string): StoredValue {
  const colon = value.indexOf(":")
  if (colon === -1) throw new TypeError("a value lacks its colon")
  const text = decodeText(value.slice(colon + 1))
  return colon === 0 ? { text } : { text, expiresAt: toNumber(value.slice(0, colon)) }
}

function toNumber(text = ""): number {
  const number = Number(text)
  if (text === "" || Number.isNaN(number)) throw new TypeError(`${JSON.stringify(text)} is no number`)
  return number
}
