import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { setImmediate as turn } from "node:timers/promises"
import { createRemoteJWKSet, customFetch, errors, generateKeyPair, jwtVerify } from "jose"
import { isSessionError } from "../../../src/contract/errors.ts"
import { externalIdOf } from "../../../src/http/back-channel/external-id.ts"
import type { BackChannelLogoutOptions } from "../../../src/http/back-channel/logout.ts"
import { Sessions } from "../../../src/http/sessions.ts"
import { plainStore } from "../../testing/plain-store.ts"
import {
  application,
  asked,
  CLIENT,
  EVENT,
  goodClaims,
  ISSUER,
  provider,
  seconds,
  tokenOf,
  without,
} from "./provider.ts"

describe("the claims of a logout token", () => {
  const wrong: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
    "another issuer": { iss: "https://evil.example" },
    "an issuer that only begins alike": { iss: `${ISSUER}/` },
    "another audience": { aud: "other" },
    "no audience": { aud: [] },
    "no iat": { iat: undefined },
    "an iat of the future": { iat: seconds() + 120 },
    "an iat of long ago": { iat: seconds() - 400 },
    "no exp": { exp: undefined },
    "an end in the past": { exp: seconds() - 60 },
    "no jti": { jti: undefined },
    "no event": { events: undefined },
    "another event": { events: { "http://schemas.openid.net/event/other": {} } },
    "an event that is no object": { events: { [EVENT]: true } },
    "a nonce": { nonce: "n" },
    "neither sid nor sub": { sid: undefined, sub: undefined },
    "a sid that is no text": { sid: 7 },
    "an empty sid": { sid: "" },
  }
  for (const [what, claims] of Object.entries(wrong)) {
    it(`are refused with ${what}`, async () => {
      const { logout, left } = await application({ verify: async token => JSON.parse(token) })
      const logoutToken = JSON.stringify({ ...goodClaims(), ...claims })
      const answer = await logout(asked(logoutToken))
      assert.equal(answer.status, 400)
      assert.equal((await left()).length, 2)
    })
  }

  it("are taken with several audiences, an event with members, and any of several issuers", async () => {
    const { logout, left } = await application({ issuer: ["https://other.example", ISSUER] })
    const claims = { ...goodClaims(), aud: ["other", CLIENT], events: { [EVENT]: { more: 1 } } }
    assert.equal((await logout(asked(await tokenOf(claims)))).status, 200)
    assert.deepEqual(await left(), ["local"])
  })

  it("do not make a logout token of an ID token", async () => {
    const { logout, left } = await application()
    const idToken = await tokenOf(without("events"), provider.privateKey, "JWT")
    assert.equal((await logout(asked(idToken))).status, 400)
    assert.equal((await left()).length, 2)
  })
})

describe("a back-channel logout", () => {
  it("by sub alone ends all sessions of the user that it stands for", async () => {
    const userOf = async (sub: string, issuer: string) =>
      sub === "subject-1" && issuer === ISSUER ? "anna" : undefined
    const { logout, left } = await application({ userOf })
    const bySub = async (sub: string) => logout(asked(await tokenOf({ ...without("sid"), sub })))
    assert.equal((await bySub("stranger")).status, 200)
    assert.equal((await left()).length, 2)
    assert.equal((await bySub("subject-1")).status, 200)
    assert.deepEqual(await left(), [])
  })

  it("by sub alone is refused where nothing tells whose it is", async () => {
    const { logout, left } = await application()
    const answer = await logout(asked(await tokenOf(without("sid"))))
    assert.deepEqual([answer.status, JSON.parse(answer.body).error], [400, "invalid_request"])
    assert.equal((await left()).length, 2)
  })

  it("of a session that has ended already is done", async () => {
    const { logout } = await application()
    for (const sid of ["s1", "s1", "unknown"])
      assert.equal((await logout(asked(await tokenOf({ ...goodClaims(), sid })))).status, 200)
  })

  it("can be had once per jti", async () => {
    const { seen, usedTokens } = tokenMemory()
    const { logout } = await application({ usedTokens })
    const token = await tokenOf(goodClaims())
    assert.equal((await logout(asked(token))).status, 200)
    assert.equal((await logout(asked(token))).status, 400)
    assert.ok((seen.get("a1") ?? 0) > Date.now() + 100_000)
  })

  it("that failed can be had again with the same jti", async () => {
    const { usedTokens } = tokenMemory()
    const { sessions, left } = await application()
    let isDown = true
    const { logout } = await application({
      usedTokens,
      sessions: {
        revokeExternal: async externalId =>
          isDown ? assert.fail("the store is down") : await sessions.revokeExternal(externalId),
        revokeUser: userId => sessions.revokeUser(userId),
      },
    })
    const token = await tokenOf(goodClaims())
    assert.equal(JSON.parse((await logout(asked(token))).body).error, "server_error")
    isDown = false
    assert.equal((await logout(asked(token))).status, 200)
    assert.deepEqual(await left(), ["local"])
    assert.equal((await logout(asked(token))).status, 400)
  })

  it("whose provider gives no keys has failed, and is printed unless somebody is told", async context => {
    const remote = createRemoteJWKSet(new URL("http://127.0.0.1:1/jwks.json"))
    const unreachable = async (token: string) => (await jwtVerify(token, remote)).payload
    const broken = createRemoteJWKSet(new URL("http://id.example"), {
      [customFetch]: async () => new Response("busy", { status: 503 }),
    })
    const verifiers: BackChannelLogoutOptions["verify"][] = [
      unreachable,
      async token => (await jwtVerify(token, broken)).payload,
      async () => Promise.reject(new errors.JWKSTimeout()),
      async () => Promise.reject(new DOMException("too slow", "TimeoutError")),
      async () => Promise.reject(new Error("no keys", { cause: { code: "ETIMEDOUT" } })),
    ]
    const printed = context.mock.method(console, "error", () => {})
    for (const [index, each] of verifiers.entries()) {
      const { logout, left } = await application({ verify: each, print: true })
      const answer = await logout(asked(await tokenOf(goodClaims())))
      assert.deepEqual([answer.status, JSON.parse(answer.body).error], [400, "server_error"])
      assert.equal(printed.mock.callCount(), index + 1)
      assert.equal((await left()).length, 2)
    }
  })

  it("of a token that is not good prints nothing", async context => {
    const printed = context.mock.method(console, "error", () => {})
    const { logout } = await application({ print: true })
    const stranger = await generateKeyPair("ES256")
    for (const token of ["x", await tokenOf(goodClaims(), stranger.privateKey)])
      assert.equal(JSON.parse((await logout(asked(token))).body).error, "invalid_request")
    assert.equal(printed.mock.callCount(), 0)
  })

  it("answers even when onError throws or rejects", async context => {
    const printed = context.mock.method(console, "error", () => {})
    const failures: (() => void)[] = [
      () => assert.fail("the log is full"),
      async () => assert.fail("the log is full"),
    ]
    for (const onError of failures) {
      const { logout } = await application({ onError })
      const answer = await logout(asked("x"))
      assert.deepEqual([answer.status, JSON.parse(answer.body).error], [400, "invalid_request"])
    }
    await turn()
    assert.equal(printed.mock.callCount(), 2)
  })

  it("that failed is told to the provider as such (section 2.8), and to the operator with its cause", async () => {
    await using sessions = new Sessions(plainStore(Date.now), { sweepInterval: false })
    const { logout, errors } = await application({ sessions })
    const answer = await logout(asked(await tokenOf(goodClaims())))
    assert.deepEqual([answer.status, JSON.parse(answer.body).error], [400, "server_error"])
    assert.ok(isSessionError(errors[0], "ERR_SESSION_UNSUPPORTED"))
  })

  it("needs a function that verifies, an issuer and an audience: else ERR_SESSION_CONFIG", async () => {
    for (const given of [
      { issuer: "" },
      { issuer: [] },
      { audience: "" },
      { issuer: "https://id.example/#a" },
      JSON.parse('{"usedTokens":{}}'),
    ])
      await assert.rejects(application(given), { code: "ERR_SESSION_CONFIG" })
    await assert.rejects(application(JSON.parse('{"verify":"none"}')), { code: "ERR_SESSION_CONFIG" })
  })
})

it("an external id names one session of one provider", () => {
  assert.equal(externalIdOf(ISSUER, "a#b"), "https://id.example#a#b")
  for (const [issuer, sid] of [
    ["https://id.example#a", "b"],
    ["", "b"],
    [ISSUER, ""],
  ] as const)
    assert.throws(() => externalIdOf(issuer, sid), { code: "ERR_SESSION_INVALID_ARGUMENT" })
})

function tokenMemory() {
  const seen = new Map<string, number>()
  const add = (jti: string, until: number) => void seen.set(jti, until)
  return { seen, usedTokens: { has: (jti: string) => seen.has(jti), add } }
}
