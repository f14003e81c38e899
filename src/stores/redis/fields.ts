import type { Login, SessionData, SessionRecord, StoredValue } from "../../contract/record.ts"
import { clientFromJson, loginFromJson } from "../record-json.ts"
import { decodeText, encodeText, indexName } from "./layout.ts"

/**
 * A session is a hash. Its facts have names of one letter:
 *
 * | | | | |
 * |---|---|---|---|
 * | `s` secretHash | `p` previous.secretHash | `q` previous.confirmedAt | `e` epoch |
 * | `v` version | `g` generation | `c` createdAt | `r` rotatedAt |
 * | `l` lastSeenAt | `i` idleTimeout | `a` absoluteExpiresAt | `x` expiresAt |
 * | `k` persistent, 1 or 0 | `o` login, JSON | `u` name of the user's index | `n` name of the external id's index |
 * | `f` client facts, JSON | `t` the earliest end of a key | `d<key>` a value: its end or nothing, `:`, its text | |
 *
 * What a record lacks, its hash lacks as well.
 */
export type Field = string

/** All fields of a record, names and values in turn. */
export function encodeRecord(record: SessionRecord): string[] {
  const { previous, login } = record
  const fields = [
    ...["s", record.secretHash, "e", `${record.epoch}`, "v", `${record.version}`],
    ...["g", `${record.generation}`, "c", `${record.createdAt}`, "r", `${record.rotatedAt}`],
    ...["l", `${record.lastSeenAt}`, "i", `${record.idleTimeout}`, "a", `${record.absoluteExpiresAt}`],
    ...["x", `${record.expiresAt}`, "k", record.persistent ? "1" : "0"],
  ]
  if (previous) fields.push("p", previous.secretHash)
  if (previous?.confirmedAt !== undefined) fields.push("q", `${previous.confirmedAt}`)
  const encoded = encodeLogin(login)
  if (login) fields.push("o", encoded.json, "u", encoded.user)
  if (encoded.external !== "") fields.push("n", encoded.external)
  fields.push("f", JSON.stringify(record.client))
  const end = earliestEnd(record.data)
  if (end !== "") fields.push("t", end)
  fields.push(...encodeData(record.data))
  return fields
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

export const encodeKey = (key: string): Field => `d${encodeText(key)}`

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

/** The record that the fields of a hash make. Throws when they make none. */
export function decodeRecord(id: string, fields: readonly string[]): SessionRecord {
  const facts = new Map<string, string>()
  const data = new Map<string, StoredValue>()
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const [name = "", value = ""] = [fields[index], fields[index + 1]]
    if (name.startsWith("d")) data.set(decodeText(name.slice(1)), decodeValue(value))
    else facts.set(name, value)
  }
  const text = (name: Field) => facts.get(name) ?? missing(name)
  const number = (name: Field) => toNumber(text(name))
  const [previous, confirmedAt, login] = [facts.get("p"), facts.get("q"), facts.get("o")]
  return {
    id,
    secretHash: text("s"),
    previous:
      previous === undefined
        ? undefined
        : {
            secretHash: previous,
            confirmedAt: confirmedAt === undefined ? undefined : toNumber(confirmedAt),
          },
    epoch: number("e"),
    version: number("v"),
    generation: number("g"),
    createdAt: number("c"),
    rotatedAt: number("r"),
    lastSeenAt: number("l"),
    idleTimeout: number("i"),
    absoluteExpiresAt: number("a"),
    expiresAt: number("x"),
    persistent: text("k") === "1",
    login: login === undefined ? undefined : loginFromJson(JSON.parse(login)),
    client: clientFromJson(JSON.parse(text("f"))),
    data,
  }
}

function decodeValue(value: string): StoredValue {
  const colon = value.indexOf(":")
  if (colon === -1) throw new TypeError("a value lacks its colon")
  const text = decodeText(value.slice(colon + 1))
  return colon === 0 ? { text } : { text, expiresAt: toNumber(value.slice(0, colon)) }
}

function toNumber(text: string): number {
  const number = Number(text)
  if (text === "" || Number.isNaN(number)) throw new TypeError(`${JSON.stringify(text)} is no number`)
  return number
}

function missing(name: Field): never {
  throw new TypeError(`the field ${name} is missing`)
}
