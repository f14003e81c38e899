import assert from "node:assert/strict"
import { backChannelLogout } from "../../../src/index.ts"
import { type AnyTarget, target } from "../target.ts"

const NOW = 1_700_000_000_000
const EVENT = "http://schemas.openid.net/event/backchannel-logout"
const CLAIMS = {
  iss: "https://id.example",
  aud: "shop",
  iat: NOW / 1000,
  exp: NOW / 1000 + 60,
  jti: "j1",
  sid: "s1",
  events: { [EVENT]: {} },
}
const GOOD = JSON.stringify(CLAIMS)
const OTHERS = [
  { ...CLAIMS, sid: undefined, sub: "u1" },
  { ...CLAIMS, aud: ["other", "shop"] },
].map(claims => JSON.stringify(claims))
const BAD = [
  { ...CLAIMS, iss: "https://evil.example" },
  { ...CLAIMS, aud: "other" },
  { ...CLAIMS, nonce: "n" },
  { ...CLAIMS, events: {} },
  { ...CLAIMS, exp: 0 },
  { ...CLAIMS, iat: NOW },
  { ...CLAIMS, sid: undefined },
  { ...CLAIMS, jti: 1 },
].map(claims => JSON.stringify(claims))

/** Logout requests of an identity provider: their bodies, and the claims of tokens whose signature is good. */
export const backChannelTargets = (): AnyTarget[] => [bodyTarget(), claimsTarget()]

const asked: string[] = []
const sessions = {
  revokeExternal: async (id: string) => {
    asked.push(id)
    return []
  },
  revokeUser: async (id: string) => {
    asked.push(id)
    return []
  },
}
const options = {
  sessions,
  issuer: CLAIMS.iss,
  audience: CLAIMS.aud,
  now: () => NOW,
  userOf: (sub: string) => sub,
}
const POST = { method: "POST", contentType: "application/x-www-form-urlencoded" }

/** Only the token that the provider signed, alone in its parameter, ends anything. */
function bodyTarget(): AnyTarget {
  const token = "signed.by.the-provider"
  const verify = async (text: string): Promise<object> => {
    if (text === token) return CLAIMS
    throw new Error("the signature is wrong")
  }
  const logout = backChannelLogout({ ...options, verify, onError: () => {} })
  const pieces = ["logout_token", "logout_token=", "&", "=", "%", "+", "%3D", "é", token]
  const valid = [`logout_token=${token}`, `a=b&logout_token=${token}`]
  const foreign = [`logout_token=${token}&logout_token=${token}`, `LOGOUT_TOKEN=${token}`, "logout_token="]
  return target({
    name: "logout body",
    seeds: { valid, foreign, pieces },
    run: body => ended(logout({ ...POST, body })),
    judge({ kind, text }, { status, ids }) {
      const tokens = text
        .split("&")
        .map(pair => pair.split(/=(.*)/s).map(decoded))
        .filter(([name]) => name === "logout_token")
      const good = tokens.length === 1 && tokens[0]?.[1] === token
      assert.deepEqual([status, ids], good ? [200, ["https://id.example#s1"]] : [400, []], text)
      assert.ok(good || kind !== "valid")
      return good ? "logged out" : "refused"
    },
  })
}

/** Claims that are anything, in tokens whose signature is good. */
function claimsTarget(): AnyTarget {
  const verify = async (token: string): Promise<object> => JSON.parse(token)
  const logout = backChannelLogout({ ...options, verify, onError: () => {} })
  const pieces = ["{", "}", "[", '"', ":", ",", '"sid":', '"events":', "null", "1e999", "9", EVENT]
  return target({
    name: "logout claims",
    seeds: { valid: [GOOD, ...OTHERS], foreign: BAD, pieces },
    run: token => ended(logout({ ...POST, body: new URLSearchParams({ logout_token: token }).toString() })),
    judge({ kind, text }, { status, ids }) {
      assert.ok(status === 200 || (status === 400 && ids.length === 0))
      if (status === 400) {
        assert.notEqual(kind, "valid")
        return "refused"
      }
      assert.deepEqual(ids, idsIn(JSON.parse(text.toWellFormed())), text)
      return "logged out"
    },
  })
}

/** What claims that must be as good as those above end. */
function idsIn(claims: Record<string, unknown>): unknown[] {
  const { aud, events, exp, iat, iss, nonce, sid, sub } = claims
  assert.deepEqual([iss, nonce], [CLAIMS.iss, undefined])
  assert.ok([aud].flat().includes(CLAIMS.aud))
  assert.equal(typeof Reflect.get(Object(events), EVENT), "object")
  assert.ok(Math.abs(Number(iat) - NOW / 1000) <= 330 && Number(exp) > NOW / 1000 - 30)
  return sid === undefined ? [sub] : [`${iss}#${sid}`]
}

async function ended(
  answer: Promise<{ readonly status: number }>,
): Promise<{ status: number; ids: string[] }> {
  const { status } = await answer
  return { status, ids: asked.splice(0) }
}

/** As a form is decoded, said plainly: what is no escape stays. */
const decoded = (text: string): string =>
  [...new URLSearchParams(`x=${text.replaceAll("&", "")}`).values()][0] ?? ""
