import { isSessionError, SessionError } from "../../contract/errors.ts"
import { type Duration, milliseconds } from "../../core/duration.ts"
import type { SessionInfo } from "../../core/info.ts"
import { type Session, stateOf } from "../../core/session.ts"
import type { AnyGuard, GuardedRequest, Refusal } from "./guard.ts"
import { type LoginPageOptions, toLogin } from "./login-page.ts"

export interface FreshOptions extends LoginPageOptions {
  /** How long ago the user may have proved who they are; by each of `methods`, if they are given. */
  readonly within: Duration
  /** Methods (RFC 8176) of which every one is asked for, such as `["otp"]` for a second factor. */
  readonly methods?: readonly string[]
  /** Levels of assurance (`acr`), the preferred one first, of which the last authentication must have reached one. */
  readonly assurance?: string | readonly string[]
  /** The clock, in ms since 1970. For tests. */
  readonly now?: () => number
}

/** A quoted string of an HTTP header, in which spaces part the values. */
const CHALLENGE_VALUE = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/**
 * Turns away whoever did not log in or step up lately, or not by these methods or at this level (ASVS 7.5.1, 7.5.3): a person to
 * the login page, a program with 401 and the challenge of RFC 9470. What is judged comes from the store, not from a near cache. A level that no header can carry throws `ERR_SESSION_CONFIG`.
 */
export function requireFresh(options: FreshOptions): AnyGuard {
  const { methods = [], now = Date.now } = options
  const within = milliseconds(options.within, "within")
  const levels = options.assurance === undefined ? undefined : levelsOf(options.assurance)
  const challenge = challengeOf(levels, within)
  const isFresh = (at: number | undefined) => at !== undefined && now() - at < within
  const refuse = (request: GuardedRequest): Refusal =>
    toLogin(request, options, "A fresh login is required", { "WWW-Authenticate": challenge })
  const check = ({ challenged, info }: FreshFacts, request: GuardedRequest): Refusal | undefined => {
    const proved =
      !challenged && isFresh(info?.authenticatedAt) && methods.every(method => isFresh(timeOf(info, method)))
    return proved && (!levels || levels.includes(info?.assurance ?? "")) ? undefined : refuse(request)
  }
  return (session, request) => {
    if (!stateOf(session).recalled) return check(session, request)
    return session.reload().then(
      () => check(session, request),
      error => {
        if (hasEnded(error)) return refuse(request)
        throw error
      },
    )
  }
}

type FreshFacts = Pick<Session, "challenged" | "info">

/** Ended, or logged in anew, by another request: what this node remembers of it has no weight. */
const hasEnded = (error: unknown): boolean =>
  isSessionError(error, "ERR_SESSION_GONE") || isSessionError(error, "ERR_SESSION_CONFLICT")

const timeOf = (info: SessionInfo | undefined, method: string): number | undefined =>
  info?.methods.find(({ name }) => name === method)?.at

const challengeOf = (levels: readonly string[] | undefined, within: number): string => {
  const wanted = levels ? `acr_values="${levels.join(" ")}", ` : ""
  return `Bearer error="insufficient_user_authentication", ${wanted}max_age=${Math.floor(within / 1000)}`
}

function levelsOf(assurance: string | readonly string[]): readonly string[] {
  const levels = typeof assurance === "string" ? [assurance] : assurance
  if (levels.length > 0 && levels.every(level => CHALLENGE_VALUE.test(level))) return levels
  throw new SessionError(
    "ERR_SESSION_CONFIG",
    `assurance of requireFresh is ${JSON.stringify(assurance)}: give one level or a list, each a text without blanks and quotes`,
  )
}
