import assert from "node:assert/strict"
import type { IncomingMessage } from "node:http"
import { describe, it } from "node:test"
import { setImmediate as turn } from "node:timers/promises"
import express from "express"
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  errors,
  exportJWK,
  generateKeyPair,
  type JWTPayload,
  jwtVerify,
  SignJWT,
} from "jose"
import { serveBackChannelLogout } from "../../../src/adapters/express.ts"
import { serveBackChannelLogout as serveByFetch } from "../../../src/adapters/fetch.ts"
import { serveBackChannelLogout as serveByNode } from "../../../src/adapters/node.ts"
import { isSessionError } from "../../../src/contract/errors.ts"
import { externalIdOf } from "../../../src/http/back-channel/external-id.ts"
import {
  type BackChannelLogout,
  type BackChannelLogoutOptions,
  backChannelLogout,
} from "../../../src/http/back-channel/logout.ts"
import { Sessions } from "../../../src/http/sessions.ts"
import { createMemoryStore } from "../../../src/stores/memory/index.ts"
import { type Served, serve } from "../../adapters/served.ts"
import { plainStore } from "../../testing/plain-store.ts"

const ISSUER = "https://id.example"
const CLIENT = "shop"
const EVENT = "http://schemas.openid.net/event/backchannel-logout"

const provider = await generateKeyPair("ES256")
const keys = createLocalJWKSet({ keys: [{ ...(await exportJWK(provider.publicKey)), alg: "ES256" }] })
const verify = async (token: string) =>
  (await jwtVerify(token, keys, { algorithms: ["ES256"], typ: "logout+jwt" })).payload

const seconds = (): number => Math.floor(Date.now() / 1_000)
const goodClaims = (): JWTPayload => ({
  iss: ISSUER,
  aud: CLIENT,
  iat: seconds(),
  exp: seconds() + 120,
  jti: "a1",
  events: { [EVENT]: {} },
  sid: "s1",
  sub: "subject-1",
})
const without = (name: string): JWTPayload =>
  Object.fromEntries(Object.entries(goodClaims()).filter(([claim]) => claim !== name))
const tokenOf = (claims: JWTPayload, key = provider.privateKey, typ = "logout+jwt"): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ alg: "ES256", typ }).sign(key)

/** Two sessions of anna, of which the first came from the provider's session `s1`. */
async function application({
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

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

const ADAPTERS: Readonly<Record<string, (logout: BackChannelLogout) => Promise<Served>>> = {
  "node:http": logout => serve(serveByNode(logout)),
  express: logout => serve(express().use(serveBackChannelLogout(logout))),
  "express behind a body parser": logout =>
    serve(
      express()
        .set("env", "test")
        .use(express.urlencoded({ extended: false }), serveBackChannelLogout(logout)),
    ),
  fetch: logout => {
    const handle = serveByFetch(logout)
    return serve(async (request, response) => {
      const { "content-type": type = "" } = request.headers
      const body = request.method === "GET" ? null : await bodyOf(request)
      const method = request.method ?? ""
      const answer = await handle(
        new Request("http://localhost/", { method, body, headers: { "content-type": type } }),
      )
      response.writeHead(answer.status, [...answer.headers].flat())
      response.end(await answer.text())
    })
  },
}

const post = (served: Served, form: Record<string, string>) =>
  fetch(served.origin, { method: "POST", body: new URLSearchParams(form) })

for (const [adapter, start] of Object.entries(ADAPTERS)) {
  describe(`back-channel logout, served by ${adapter}`, () => {
    it("ends the session that the token's sid names, and answers 200 without caching", async () => {
      const { logout, left, errors } = await application()
      await using served = await start(logout)
      const response = await post(served, { logout_token: await tokenOf(goodClaims()) })
      assert.equal(response.status, 200)
      assert.equal(response.headers.get("cache-control"), "no-store")
      assert.deepEqual([await left(), errors], [["local"], []])
    })

    it("answers 400 with a JSON error to what is not signed by the provider, and ends nothing", async () => {
      const { logout, left, errors } = await application()
      await using served = await start(logout)
      const stranger = await generateKeyPair("ES256")
      const forged = await tokenOf(goodClaims(), stranger.privateKey)
      for (const form of [{ logout_token: forged }, { logout_token: "x" }, { logout_token: "" }, {}]) {
        const response = await post(served, form)
        assert.equal(response.status, 400)
        assert.equal(response.headers.get("content-type"), "application/json")
        assert.equal(response.headers.get("cache-control"), "no-store")
        assert.equal(JSON.parse(await response.text()).error, "invalid_request")
      }
      assert.equal((await left()).length, 2)
      assert.equal(errors.length, 4)
    })

    it("answers 400 to a GET and to another type of body", async () => {
      const { logout, left } = await application()
      await using served = await start(logout)
      assert.equal((await fetch(served.origin)).status, 400)
      const body = JSON.stringify({ logout_token: await tokenOf(goodClaims()) })
      const headers = { "content-type": "application/json" }
      assert.equal((await fetch(served.origin, { method: "POST", headers, body })).status, 400)
      assert.equal((await left()).length, 2)
    })

    it("does not keep a body that is too long for a token", async () => {
      const { logout, left } = await application()
      await using served = await start(logout)
      const status = await post(served, { logout_token: "x".repeat(300_000) }).then(
        response => response.status,
        () => "broken off",
      )
      assert.notEqual(status, 200)
      assert.equal((await left()).length, 2)
    })
  })
}

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

function asked(logoutToken: string) {
  const body = new URLSearchParams({ logout_token: logoutToken }).toString()
  return { method: "POST", contentType: "application/x-www-form-urlencoded; charset=utf-8", body }
}
