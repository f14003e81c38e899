import type { Change } from "../../contract/change.ts"
import { SessionError } from "../../contract/errors.ts"
import { decode } from "./base64url.ts"

const ID_LENGTH = 22
const SECRET_HASH_LENGTH = 43
const COUNTER_END = 2 ** 32

const into = Buffer.alloc(32)

/** Throws `ERR_SESSION_INVALID_ARGUMENT` for a change that would store what no record may hold. */
export function checkChange(change: Change): void {
  if (change.kind === "create") {
    const { id, secretHash, epoch, generation } = change.record
    if (!isBase64url(id, ID_LENGTH)) throw malformed("The id", ID_LENGTH, "128 random bits")
    checkSecretHash(secretHash)
    if (!isCounter(epoch)) throw noCounter("epoch", epoch)
    if (!isCounter(generation)) throw noCounter("generation", generation)
  } else if (change.kind === "rotate") checkSecretHash(change.secretHash)
}

function checkSecretHash(secretHash: string): void {
  if (!isBase64url(secretHash, SECRET_HASH_LENGTH)) {
    throw malformed("The secret hash", SECRET_HASH_LENGTH, "SHA-256 of the secret")
  }
}

const isBase64url = (text: string, length: number): boolean =>
  typeof text === "string" && text.length === length && decode(text, into, 0) >= 0

const isCounter = (value: number): boolean => Number.isInteger(value) && value >= 0 && value < COUNTER_END

const malformed = (what: string, length: number, meaning: string): SessionError =>
  new SessionError(
    "ERR_SESSION_INVALID_ARGUMENT",
    `${what} of a session to be stored is malformed. It must be ${meaning} in base64url, ${length} characters.`,
  )

const noCounter = (name: string, value: number): SessionError =>
  new SessionError(
    "ERR_SESSION_INVALID_ARGUMENT",
    `The ${name} of a session to be created is ${value}. It must be a whole number from 0 to ${COUNTER_END - 1}.`,
  )
