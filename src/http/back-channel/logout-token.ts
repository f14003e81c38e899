const EVENT = "http://schemas.openid.net/event/backchannel-logout"

/** What a logout token that was found good asks for. */
export interface LogoutClaims {
  readonly issuer: string
  readonly sid: string | undefined
  readonly sub: string | undefined
  readonly jti: string
  /** When the token ends, in ms since 1970. */
  readonly expiresAt: number
}

export interface ExpectedClaims {
  readonly issuers: readonly string[]
  readonly audience: string
  /** How far the provider's clock may be off, in ms. */
  readonly tolerance: number
  /** How old a token may be, in ms. */
  readonly maxAge: number
}

/** Why a logout request is refused; the text is for the provider. */
export class Refused extends Error {}

/** Judges the claims of a token whose signature is good (OpenID Connect Back-Channel Logout 1.0, section 2.6). */
export function judgeClaims(claims: unknown, expected: ExpectedClaims, now: number): LogoutClaims {
  if (typeof claims !== "object" || claims === null) throw new Refused("the token has no claims")
  const claim = (name: string): unknown => Object.getOwnPropertyDescriptor(claims, name)?.value
  const issuer = text(claim("iss"), "iss")
  if (!expected.issuers.includes(issuer)) throw new Refused("the token is of another issuer")
  if (!audienceOf(claim("aud")).includes(expected.audience))
    throw new Refused("the token is for another audience")
  const expiresAt = judgeTimes(claim("iat"), claim("exp"), expected, now)
  if (!isEvent(claim("events"))) throw new Refused("the token has no back-channel logout event")
  if (claim("nonce") !== undefined) throw new Refused("a logout token has no nonce")
  const [sid, sub] = [optionalText(claim("sid"), "sid"), optionalText(claim("sub"), "sub")]
  if (sid === undefined && sub === undefined) throw new Refused("the token has neither sid nor sub")
  return { issuer, sid, sub, jti: text(claim("jti"), "jti"), expiresAt }
}

/** When the token ends. */
function judgeTimes(iat: unknown, exp: unknown, { tolerance, maxAge }: ExpectedClaims, now: number): number {
  const [issuedAt, expiresAt] = [time(iat, "iat"), time(exp, "exp")]
  if (issuedAt > now + tolerance) throw new Refused("the token is of the future")
  if (issuedAt < now - maxAge - tolerance || expiresAt <= now - tolerance)
    throw new Refused("the token has expired")
  return expiresAt
}

function isEvent(events: unknown): boolean {
  if (typeof events !== "object" || events === null) return false
  const event: unknown = Object.getOwnPropertyDescriptor(events, EVENT)?.value
  return typeof event === "object" && event !== null && !Array.isArray(event)
}

const audienceOf = (aud: unknown): readonly unknown[] => (Array.isArray(aud) ? aud : [aud])

function text(claim: unknown, name: string): string {
  if (typeof claim === "string" && claim.length > 0) return claim
  throw new Refused(`the claim ${name} is no text`)
}

const optionalText = (claim: unknown, name: string): string | undefined =>
  claim === undefined ? undefined : text(claim, name)

function time(claim: unknown, name: string): number {
  if (typeof claim === "number" && Number.isFinite(claim)) return claim * 1_000
  throw new Refused(`the claim ${name} is no time`)
}
