import { SessionError } from "../contract/errors.ts"

/**
 * Turns values into text and back. `encode` must throw for what it cannot carry; `decode(encode(value))` must equal
 * `value`. JSON is the default; `devalue` (`{ encode: stringify, decode: parse }`) and `superjson` fit too.
 */
export interface Codec {
  encode(value: unknown): string
  decode(text: string): unknown
}

/** Plain JSON, but strict: what JSON would drop or change silently is refused, with the path to it. */
export const jsonCodec: Codec = {
  encode(value) {
    check(value, "value", [])
    return JSON.stringify(value)
  },
  decode: text => JSON.parse(text),
}

function check(value: unknown, path: string, parents: object[]): void {
  switch (typeof value) {
    case "string":
    case "boolean":
      return
    case "number":
      if (!Number.isFinite(value)) throw refusal(path, String(value))
      return
    case "object":
      if (value !== null) checkObject(value, path, parents)
      return
    default:
      throw refusal(path, value === undefined ? "undefined" : `a ${typeof value}`)
  }
}

function checkObject(value: object, path: string, parents: object[]): void {
  if (parents.includes(value)) throw refusal(path, "a cycle")
  parents.push(value)
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) check(value[index], `${path}[${index}]`, parents)
    if (Object.keys(value).length > value.length) throw refusal(path, "an array with named properties")
  } else {
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype !== Object.prototype && prototype !== null) throw refusal(path, `a ${nameOf(value)}`)
    if (Object.getOwnPropertySymbols(value).length > 0) throw refusal(path, "an object with symbol keys")
    for (const [key, member] of Object.entries(value)) check(member, `${path}.${key}`, parents)
  }
  parents.pop()
}

const nameOf = (value: object): string => value.constructor?.name ?? "class instance"

const refusal = (path: string, what: string): SessionError =>
  new SessionError(
    "ERR_SESSION_NOT_SERIALIZABLE",
    `${path} is ${what}, which JSON cannot carry: store plain data, or give createSessions another codec`,
  )

/**
 * Freezes the value and all that it holds. `false` when it holds something that freezing does not protect (a Map, a
 * Date, …, as other codecs make them), which therefore must not be shared.
 */
export function deepFreeze(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  let shareable = Array.isArray(value) || prototype === Object.prototype || prototype === null
  if (!ArrayBuffer.isView(value)) Object.freeze(value)
  for (const member of Object.values(value)) {
    if (typeof member === "object" && member !== null && !Object.isFrozen(member)) {
      shareable = deepFreeze(member) && shareable
    }
  }
  return shareable
}
