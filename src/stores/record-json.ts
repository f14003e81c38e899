/**
 * A record as JSON: the fields by their own names, `undefined` left out, and the data as a list of
 * `[key, text]` or `[key, text, expiresAt]`, because an object would reorder keys such as "10".
 */
import type {
  AuthenticationMethod,
  ClientFacts,
  Login,
  PreviousSecret,
  SessionData,
  SessionRecord,
  StoredValue,
} from "../contract/record.ts"
import {
  readBoolean,
  readList,
  readNumber,
  readObject,
  readOptional,
  readText,
  ShapeError,
} from "./json-shape.ts"

export type DataJson = readonly (readonly [key: string, text: string, expiresAt?: number])[]

export interface RecordJson extends Omit<SessionRecord, "previous" | "login" | "data"> {
  readonly previous: PreviousSecret | undefined
  readonly login: Login | undefined
  readonly data: DataJson
}

export function recordToJson(record: SessionRecord): RecordJson {
  return {
    id: record.id,
    secretHash: record.secretHash,
    previous: record.previous && previousToJson(record.previous),
    epoch: record.epoch,
    version: record.version,
    generation: record.generation,
    createdAt: record.createdAt,
    rotatedAt: record.rotatedAt,
    lastSeenAt: record.lastSeenAt,
    idleTimeout: record.idleTimeout,
    absoluteExpiresAt: record.absoluteExpiresAt,
    expiresAt: record.expiresAt,
    persistent: record.persistent,
    login: record.login && loginToJson(record.login),
    client: clientToJson(record.client),
    data: dataToJson(record.data),
  }
}

/** @throws ShapeError when the value is not what {@link recordToJson} makes. */
export function recordFromJson(value: unknown): SessionRecord {
  const json = readObject(value, RECORD_FIELDS)
  return {
    id: readText(json.id),
    secretHash: readText(json.secretHash),
    previous: readOptional(json.previous, previousFromJson),
    epoch: readNumber(json.epoch),
    version: readNumber(json.version),
    generation: readNumber(json.generation),
    createdAt: readNumber(json.createdAt),
    rotatedAt: readNumber(json.rotatedAt),
    lastSeenAt: readNumber(json.lastSeenAt),
    idleTimeout: readNumber(json.idleTimeout),
    absoluteExpiresAt: readNumber(json.absoluteExpiresAt),
    expiresAt: readNumber(json.expiresAt),
    persistent: readBoolean(json.persistent),
    login: readOptional(json.login, loginFromJson),
    client: clientFromJson(json.client),
    data: dataFromJson(json.data),
  }
}

export const dataToJson = (data: SessionData): DataJson =>
  Array.from(data, ([key, { text, expiresAt }]) =>
    expiresAt === undefined ? ([key, text] as const) : ([key, text, expiresAt] as const),
  )

export function dataFromJson(value: unknown): SessionData {
  const entries = readList(value, readDataEntry)
  const data = new Map(entries)
  if (data.size !== entries.length) throw new ShapeError("a key is there twice")
  return data
}

export const loginToJson = ({ userId, authenticatedAt, externalId, ...facts }: Login): Login => ({
  userId,
  authenticatedAt,
  ...loginFactsToJson(facts),
  ...(externalId !== undefined && { externalId }),
})

export function loginFromJson(value: unknown): Login {
  const json = readObject(value, ["userId", "authenticatedAt", ...LOGIN_FACTS, "externalId"])
  const { userId, authenticatedAt, externalId, ...facts } = json
  return {
    userId: readText(userId),
    authenticatedAt: readNumber(authenticatedAt),
    ...loginFactsFromJson(facts),
    ...(externalId !== undefined && { externalId: readText(externalId) }),
  }
}

/** What a login says besides its indexed fields. */
export type LoginFacts = Pick<Login, (typeof LOGIN_FACTS)[number]>

export const loginFactsToJson = ({ methods, assurance, stampHash }: LoginFacts): LoginFacts => ({
  methods: methods.map(({ name, at }) => ({ name, at })),
  ...(assurance !== undefined && { assurance }),
  ...(stampHash !== undefined && { stampHash }),
})

/** @throws ShapeError when the value is not what {@link loginFactsToJson} makes. */
export function loginFactsFromJson(value: unknown): LoginFacts {
  const json = readObject(value, LOGIN_FACTS)
  return {
    methods: readList(json.methods, methodFromJson),
    ...(json.assurance !== undefined && { assurance: readText(json.assurance) }),
    ...(json.stampHash !== undefined && { stampHash: readText(json.stampHash) }),
  }
}

function methodFromJson(value: unknown): AuthenticationMethod {
  const json = readObject(value, ["name", "at"])
  return { name: readText(json.name), at: readNumber(json.at) }
}

export const clientToJson = ({ address, userAgent, label }: ClientFacts): ClientFacts => ({
  ...(address !== undefined && { address }),
  ...(userAgent !== undefined && { userAgent }),
  ...(label !== undefined && { label }),
})

export function clientFromJson(value: unknown): ClientFacts {
  const json = readObject(value, ["address", "userAgent", "label"])
  return {
    ...(json.address !== undefined && { address: readText(json.address) }),
    ...(json.userAgent !== undefined && { userAgent: readText(json.userAgent) }),
    ...(json.label !== undefined && { label: readText(json.label) }),
  }
}

const NO_CLIENT: ClientFacts = {}

/** Most sessions know nothing of their clients. */
export const clientFromText = (text: string): ClientFacts =>
  text === "{}" ? NO_CLIENT : clientFromJson(JSON.parse(text))

const previousToJson = ({ secretHash, confirmedAt }: PreviousSecret): PreviousSecret => ({
  secretHash,
  confirmedAt,
})

function previousFromJson(value: unknown): PreviousSecret {
  const json = readObject(value, ["secretHash", "confirmedAt"])
  return {
    secretHash: readText(json.secretHash),
    confirmedAt: readOptional(json.confirmedAt, readNumber),
  }
}

function readDataEntry(value: unknown): [string, StoredValue] {
  const entry = readList(value, item => item)
  if (entry.length < 2 || entry.length > 3) throw new ShapeError("no [key, text, expiresAt]")
  const [key, text, expiresAt] = entry
  const stored = { text: readText(text), ...(entry.length === 3 && { expiresAt: readNumber(expiresAt) }) }
  return [readText(key), stored]
}

const LOGIN_FACTS = ["methods", "assurance", "stampHash"] as const

const RECORD_FIELDS = [
  "id",
  "secretHash",
  "previous",
  "epoch",
  "version",
  "generation",
  "createdAt",
  "rotatedAt",
  "lastSeenAt",
  "idleTimeout",
  "absoluteExpiresAt",
  "expiresAt",
  "persistent",
  "login",
  "client",
  "data",
] as const
