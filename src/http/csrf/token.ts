import { randomBytes, timingSafeEqual } from "node:crypto"
import { type Session, stateOf } from "../../core/session.ts"
import { RESERVED_PREFIX } from "../../core/values.ts"

const KEY = `${RESERVED_PREFIX}csrf`
const LENGTH = 32

/** The name of the hidden form field that {@link csrfField} writes. */
export const CSRF_FIELD = "_csrf"

/** The request header that scripts may use instead. */
export const CSRF_HEADER = "x-csrf-token"

/** What the session keeps: a secret, good until the next change of privilege. */
interface CsrfSecret {
  readonly secret: string
  readonly epoch: number
}

/**
 * The session's anti-forgery token, for a hidden field or a header. It is masked anew at each call, so that compression
 * tells nothing of it (BREACH), and it ends at login, `rotate()` and logout. For a visitor without a session it begins one, so it has to be called before
 * the response's headers leave.
 */
export function csrfToken<Data extends object>(session: Session<Data>): string {
  const secret = storedSecret(session) ?? newSecret(session)
  const mask = randomBytes(LENGTH)
  return Buffer.concat([mask, xor(mask, secret)]).toString("base64url")
}

/** A hidden form field with the token, as HTML. */
export const csrfField = <Data extends object>(session: Session<Data>): string =>
  `<input type="hidden" name="${CSRF_FIELD}" value="${csrfToken(session)}">`

/** Whether the text is a token of this session, compared in constant time. Never throws. */
export function isCsrfToken<Data extends object>(session: Session<Data>, text: unknown): boolean {
  const secret = storedSecret(session)
  if (!secret || typeof text !== "string" || !/^[A-Za-z0-9_-]{86}$/.test(text)) return false
  const bytes = Buffer.from(text, "base64url")
  return timingSafeEqual(xor(bytes.subarray(0, LENGTH), bytes.subarray(LENGTH)), secret)
}

function storedSecret<Data extends object>(session: Session<Data>): Buffer | undefined {
  const { values, record } = loaded(session)
  const stored = values.get(KEY) as CsrfSecret | undefined
  return stored && stored.epoch === (record?.epoch ?? FIRST_EPOCH)
    ? Buffer.from(stored.secret, "base64url")
    : undefined
}

function newSecret<Data extends object>(session: Session<Data>): Buffer {
  const state = loaded(session)
  state.assertChangeable()
  const secret = randomBytes(LENGTH)
  const stored: CsrfSecret = {
    secret: secret.toString("base64url"),
    epoch: state.record?.epoch ?? FIRST_EPOCH,
  }
  state.values.set(KEY, stored)
  state.exchange?.changed()
  return secret
}

/** The epoch that a session has once it is stored. */
const FIRST_EPOCH = 1

function loaded<Data extends object>(session: Session<Data>) {
  const state = stateOf(session)
  state.assertLoaded()
  return state
}

const xor = (a: Uint8Array, b: Uint8Array): Buffer =>
  Buffer.from(a.map((byte, index) => byte ^ (b[index] ?? 0)))
