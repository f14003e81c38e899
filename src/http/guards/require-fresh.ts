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
 * the login page, a program with 401 and the challenge of RFC 9470. What is judged comes from the store, not from a near cache. Options that are wrong throw `ERR_SESSION_CONFIG`, so does a level that no header can carry.
 */
export function requireFresh(options: FreshOptions): AnyGuard {
  if (typeof options !== "object" || options === null) throw wrong("options are missing", '{ within: "5m" }')
  const { methods = [], now = Date.now } = options
  if (!Array.isArray(methods) || !methods.every(isText))
    throw wrong(`methods is ${JSON.stringify(methods)}`, 'a list of names, such as ["otp"]')
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
  const isLevel = (level: unknown): boolean => isText(level) && CHALLENGE_VALUE.test(level)
  if (Array.isArray(levels) && levels.length > 0 && levels.every(isLevel)) return levels
  throw wrong(
    `assurance is ${JSON.stringify(assurance)}`,
    "one level or a list, each a text without blanks and quotes",
  )
}

const isText = (value: unknown): value is string => typeof value === "string" && value.length > 0

const wrong = (what: string, remedy: string): SessionError =>
  new SessionError("ERR_SESSION_CONFIG", `requireFresh: ${what}: give ${remedy}`)
