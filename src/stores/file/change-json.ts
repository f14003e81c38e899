import type {
  Change,
  Create,
  DataChange,
  Lifetime,
  Patch,
  Revoke,
  Rotate,
  Seen,
  Touch,
} from "../../contract/change.ts"
import type { Login } from "../../contract/record.ts"
import {
  type ReadObject,
  readBoolean,
  readList,
  readNumber,
  readObject,
  readOptional,
  readText,
  ShapeError,
} from "../json-shape.ts"
import {
  clientFromJson,
  clientToJson,
  dataFromJson,
  dataToJson,
  loginFromJson,
  loginToJson,
  recordFromJson,
  recordToJson,
} from "../record-json.ts"

/** A change that leaves a record behind. */
export type KeepingChange = Exclude<Change, Revoke>

/** The change as a JSON value, with the fields that its kind has and no others. */
export function changeToJson(change: KeepingChange): Readonly<Record<string, unknown>> {
  switch (change.kind) {
    case "create":
      return { kind: change.kind, record: recordToJson(change.record) }
    case "patch":
      return { ...pick(change, PATCH_OWN), ...dataChangeToJson(change) }
    case "rotate":
      return { ...pick(change, ROTATE_OWN), ...privilegeToJson(change), ...dataChangeToJson(change) }
    case "touch":
      return { ...pick(change, TOUCH_OWN), seen: pick(change.seen, SEEN) }
  }
}

/** @throws ShapeError when the value is not what {@link changeToJson} makes. */
export function changeFromJson(value: unknown): KeepingChange {
  switch (readObject(value, ALL).kind) {
    case "create":
      return createFromJson(value)
    case "patch":
      return patchFromJson(value)
    case "rotate":
      return rotateFromJson(value)
    case "touch":
      return touchFromJson(value)
    default:
      throw new ShapeError("unknown kind")
  }
}

const SEEN = ["at", "expiresAt"] as const
const LIFETIME = ["idleTimeout", "absoluteExpiresAt", "expiresAt", "persistent"] as const
const PATCH_OWN = ["kind", "id", "epoch", "ifVersion"] as const
const ROTATE_OWN = ["kind", "id", "epoch", "generation", "secretHash", "previousSecretHash", "at"] as const
const TOUCH_OWN = ["kind", "id", "confirm"] as const
const DATA_CHANGE = ["set", "unset", "client", "lifetime", "seen"] as const
const PATCH = [...PATCH_OWN, ...DATA_CHANGE] as const
const ROTATE = [...ROTATE_OWN, ...DATA_CHANGE, "privilege"] as const
const TOUCH = [...TOUCH_OWN, "seen"] as const
const ALL = [...PATCH, ...ROTATE, ...TOUCH, "record"] as const

function pick<From, Name extends keyof From>(
  from: From,
  names: readonly Name[],
): { [Key in Name]?: From[Key] } {
  const picked: { [Key in Name]?: From[Key] } = {}
  for (const name of names) if (from[name] !== undefined) picked[name] = from[name]
  return picked
}

function dataChangeToJson({ set, unset, client, lifetime, seen }: Patch | Rotate): Record<string, unknown> {
  return {
    ...(set.size > 0 && { set: dataToJson(set) }),
    ...(unset.length > 0 && { unset }),
    ...(client && { client: clientToJson(client) }),
    ...(lifetime && { lifetime: pick(lifetime, LIFETIME) }),
    ...(seen && { seen: pick(seen, SEEN) }),
  }
}

const privilegeToJson = ({ privilege }: Rotate): { privilege?: { login?: Login } } =>
  privilege ? { privilege: privilege.login ? { login: loginToJson(privilege.login) } : {} } : {}

type DataChangeFacts = DataChange & Pick<Patch, "client" | "lifetime" | "seen">

function dataChangeFromJson(json: ReadObject<(typeof DATA_CHANGE)[number]>): DataChangeFacts {
  return {
    set: json.set === undefined ? new Map() : dataFromJson(json.set),
    unset: json.unset === undefined ? [] : readList(json.unset, readText),
    ...(json.client !== undefined && { client: clientFromJson(json.client) }),
    ...(json.lifetime !== undefined && { lifetime: lifetimeFromJson(json.lifetime) }),
    ...(json.seen !== undefined && { seen: seenFromJson(json.seen) }),
  }
}

const createFromJson = (value: unknown): Create => ({
  kind: "create",
  record: recordFromJson(readObject(value, ["kind", "record"]).record),
})

function patchFromJson(value: unknown): Patch {
  const json = readObject(value, PATCH)
  return {
    kind: "patch",
    id: readText(json.id),
    epoch: readNumber(json.epoch),
    ...(json.ifVersion !== undefined && { ifVersion: readNumber(json.ifVersion) }),
    ...dataChangeFromJson(json),
  }
}

function rotateFromJson(value: unknown): Rotate {
  const json = readObject(value, ROTATE)
  return {
    kind: "rotate",
    id: readText(json.id),
    epoch: readNumber(json.epoch),
    generation: readNumber(json.generation),
    secretHash: readText(json.secretHash),
    previousSecretHash: readOptional(json.previousSecretHash, readText),
    at: readNumber(json.at),
    ...(json.privilege !== undefined && { privilege: privilegeFromJson(json.privilege) }),
    ...dataChangeFromJson(json),
  }
}

const privilegeFromJson = (value: unknown): { login: Login | undefined } => ({
  login: readOptional(readObject(value, ["login"]).login, loginFromJson),
})

function touchFromJson(value: unknown): Touch {
  const json = readObject(value, TOUCH)
  return {
    kind: "touch",
    id: readText(json.id),
    seen: seenFromJson(json.seen),
    ...(json.confirm !== undefined && { confirm: readNumber(json.confirm) }),
  }
}

function seenFromJson(value: unknown): Seen {
  const json = readObject(value, SEEN)
  return { at: readNumber(json.at), expiresAt: readNumber(json.expiresAt) }
}

function lifetimeFromJson(value: unknown): Lifetime {
  const json = readObject(value, LIFETIME)
  return {
    idleTimeout: readNumber(json.idleTimeout),
    absoluteExpiresAt: readNumber(json.absoluteExpiresAt),
    expiresAt: readNumber(json.expiresAt),
    persistent: readBoolean(json.persistent),
  }
}
