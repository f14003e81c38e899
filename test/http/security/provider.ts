/** A provider of identities, the tokens that it signs, and an application that trusts it. */
import { createLocalJWKSet, exportJWK, generateKeyPair, type JWTPayload, jwtVerify, SignJWT } from "jose"
import { externalIdOf } from "../../../src/http/back-channel/external-id.ts"
import { type BackChannelLogoutOptions, backChannelLogout } from "../../../src/http/back-channel/logout.ts"
import { Sessions } from "../../../src/http/sessions.ts"
import { createMemoryStore } from "../../../src/stores/memory/index.ts"

export const ISSUER = "https://id.example"
export const CLIENT = "shop"
export const EVENT = "http://schemas.openid.net/event/backchannel-logout"

export const provider = await generateKeyPair("ES256")
const keys = createLocalJWKSet({ keys: [{ ...(await exportJWK(provider.publicKey)), alg: "ES256" }] })
const verify = async (token: string) =>
  (await jwtVerify(token, keys, { algorithms: ["ES256"], typ: "logout+jwt" })).payload

export const seconds = (): number => Math.floor(Date.now() / 1_000)
export const goodClaims = (): JWTPayload => ({
  iss: ISSUER,
  aud: CLIENT,
  iat: seconds(),
  exp: seconds() + 120,
  jti: "a1",
  events: { [EVENT]: {} },
  sid: "s1",
  sub: "subject-1",
})
export const without = (name: string): JWTPayload =>
  Object.fromEntries(Object.entries(goodClaims()).filter(([claim]) => claim !== name))
export const tokenOf = (claims: JWTPayload, key = provider.privateKey, typ = "logout+jwt"): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ alg: "ES256", typ }).sign(key)

/** Two sessions of anna, of which the first came from the provider's session `s1`. */
export async function application({
  print = false,
  ...given
}: Partial<BackChannelLogoutOptions> & { print?: boolean } = {}) {
  const sessions = new Sessions(createMemoryStore(), { cookie: { secure: false } })
  const federated = await sessions.open(undefined)
  await federated.login("anna", { externalId: externalIdOf(ISSUER, "s1") })
  const local = await sessions.open(undefined)
  await local.login("anna")
  const errors: unknown[] = []
  const logout = backChannelLogout({
    sessions,
    verify,
    issuer: ISSUER,
    audience: CLIENT,
    ...(!print && { onError: (error: unknown) => errors.push(error) }),
    ...given,
  })
  const left = async () =>
    (await sessions.list("anna")).map(({ id }) => (id === local.id ? "local" : "federated"))
  return { sessions, logout, errors, left }
}

/** The request that brings a token. */
export function asked(logoutToken: string) {
  const body = new URLSearchParams({ logout_token: logoutToken }).toString()
  return { method: "POST", contentType: "application/x-www-form-urlencoded; charset=utf-8", body }
}
