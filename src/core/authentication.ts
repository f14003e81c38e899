import { hash } from "node:crypto"
import { SessionError } from "../contract/errors.ts"
import type { AuthenticationMethod, Login } from "../contract/record.ts"
import type { LifetimeOptions } from "./lifetimes.ts"
import { sameHash } from "./secret.ts"

const MAX_LENGTH = 1_024
const MAX_METHODS = 16

/** How a user proved who they are. Each text has 1 to 1,024 characters; another is `ERR_SESSION_INVALID_ARGUMENT`. */
export interface StepUpOptions {
  /** As RFC 8176 names methods: `["pwd"]`, `["pwd", "otp"]`. At most 16. The session keeps each with its time. */
  readonly methods?: readonly string[]
  /** The level of assurance that this authentication reached: the `acr` claim of OpenID Connect. */
  readonly assurance?: string
  /**
   * What changes whenever the user's credentials do: the password's hash as your database has it, or a counter. The
   * session keeps a SHA-256 of it alone; see `requireStamp`.
   */
  readonly stamp?: string
  /** The identity provider's own session, see `externalIdOf`; `revokeExternal` ends by it. */
  readonly externalId?: string
}

export interface LoginOptions extends LifetimeOptions, StepUpOptions {
  /** What a list of devices shows for this session, such as "Anna's laptop". */
  readonly label?: string
}

/**
 * The login after this authentication, in the session of this id. What an earlier one of the same user has proved stays,
 * each method with its own time; the assurance is that of the last one alone.
 */
export function loginAfter(
  id: string,
  userId: string,
  earlier: Login | undefined,
  options: StepUpOptions,
  at: number,
): Login {
  const kept = earlier?.userId === userId ? earlier : undefined
  const externalId = options.externalId ?? kept?.externalId
  const stampHash = options.stamp === undefined ? kept?.stampHash : hashStamp(id, options.stamp)
  return {
    userId,
    authenticatedAt: at,
    methods: methodsAfter(kept?.methods ?? [], options.methods ?? [], at),
    ...(options.assurance !== undefined && { assurance: options.assurance }),
    ...(stampHash !== undefined && { stampHash }),
    ...(externalId !== undefined && { externalId }),
  }
}

/** Those given move to the end; beyond the bound the oldest give way. */
function methodsAfter(
  earlier: readonly AuthenticationMethod[],
  names: readonly string[],
  at: number,
): AuthenticationMethod[] {
  const kept = earlier.filter(({ name }) => !names.includes(name))
  const given = [...new Set(names)].map(name => ({ name, at }))
  return [...kept, ...given].slice(-MAX_METHODS)
}

/** Whether the login was made under this stamp. */
export const isStamped = (id: string, login: Login | undefined, stamp: string | undefined): boolean =>
  login?.stampHash !== undefined && stamp !== undefined && sameHash(hashStamp(id, stamp), login.stampHash)

/** Another one in each session, so that a copy of the store does not tell who has the same. */
const hashStamp = (id: string, stamp: string): string => hash("sha256", `${id}.${stamp}`, "base64url")

/** Refuses what is too long, too much, or no text. */
export function checkAuthentication(call: string, options: StepUpOptions): void {
  if (typeof options !== "object" || options === null)
    throw wrong(
      `${call} takes options that say how the user has proved who they are, such as { methods: ["otp"] }`,
    )
  const { methods = [], assurance, stamp, externalId } = options
  if (!Array.isArray(methods) || methods.length > MAX_METHODS) {
    throw wrong(`${call} takes methods as a list of at most ${MAX_METHODS} names, such as ["pwd", "otp"]`)
  }
  for (const method of methods) checkText(`a method of ${call}`, method)
  if (assurance !== undefined) checkText(`assurance of ${call}`, assurance)
  if (stamp !== undefined) checkText(`stamp of ${call}`, stamp)
  if (externalId !== undefined) checkText(`externalId of ${call}`, externalId)
}

/** A program without types may give anything. */
export function checkText(what: string, text: unknown): void {
  if (typeof text === "string" && text.length > 0 && text.length <= MAX_LENGTH) return
  const given = typeof text === "string" ? `has ${text.length} characters` : `is a ${typeof text}`
  throw wrong(`${what} ${given}: give a text of 1 to ${MAX_LENGTH} characters`)
}

const wrong = (message: string): SessionError => new SessionError("ERR_SESSION_INVALID_ARGUMENT", message)
