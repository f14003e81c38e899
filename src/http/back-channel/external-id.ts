import { SessionError } from "../../contract/errors.ts"

/**
 * Names an identity provider's session among those of all providers: `<iss>#<sid>`, which no two pairs share, as an issuer has no
 * fragment (OpenID Connect Core, section 2). For `LoginOptions.externalId` and `revokeExternal`. Errors: `ERR_SESSION_INVALID_ARGUMENT`.
 */
export function externalIdOf(issuer: string, sid: string): string {
  if (issuer.length > 0 && sid.length > 0 && !issuer.includes("#")) return `${issuer}#${sid}`
  throw new SessionError(
    "ERR_SESSION_INVALID_ARGUMENT",
    `${JSON.stringify(issuer)} and ${JSON.stringify(sid)} name no provider's session: give the claims iss and sid of the ID token`,
  )
}
