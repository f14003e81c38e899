/** What SECURITY.md's tables name and no promise has a test for. */
import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { fetchSession } from "../../src/adapters/fetch.ts"
import { type CookieOptions, createSessions, type LoginOptions, type Sessions } from "../../src/index.ts"

const LOGIN_URL = "https://shop.example/login"

/** The `Set-Cookie` that a login is answered with, and the token's place in it. */
async function loginCookie(cookie: CookieOptions, options?: LoginOptions): Promise<string> {
  const response = await loginResponse(await createSessions({ store: "memory:", cookie }), options)
  const [header = ""] = response.headers.getSetCookie()
  return header
}

function loginResponse(sessions: Sessions, options?: LoginOptions): Promise<Response> {
  const handler = fetchSession(sessions, async (_request, session) => {
    await session.login("anna", options)
    return new Response("welcome")
  })
  return handler(new Request(LOGIN_URL, { method: "POST" }))
}

const refuses = (cookie: CookieOptions) =>
  assert.rejects(createSessions({ store: "memory:", cookie }), { code: "ERR_SESSION_CONFIG" })

async function logins(sessions: Sessions, ...users: string[]) {
  const opened = users.map(() => sessions.open(undefined))
  const all = await Promise.all(opened)
  for (const [index, user] of users.entries()) await all[index]?.login(user)
  return all
}

describe("the cookie (ASVS 5.0, V3.3)", () => {
  it("3.3.1: the cookie is Secure, and its name says so by a prefix", async () => {
    assert.match(await loginCookie({}), /^__Host-sid=.*; Secure(;|$)/)
    assert.match(await loginCookie({ domain: "shop.example" }), /^__Secure-sid=.*; Secure(;|$)/)
    await refuses({ name: "__Host-sid", secure: false })
    await refuses({ name: "__secure-sid", secure: "auto" })
  })

  it("3.3.2: SameSite is always given, and Lax by default", async () => {
    assert.match(await loginCookie({}), /; SameSite=Lax(;|$)/)
    assert.match(await loginCookie({ sameSite: "strict" }), /; SameSite=Strict(;|$)/)
    await refuses({ sameSite: "none", secure: false })
  })

  it("3.3.3: __Host- is the default, and contradicts a domain or another path", async () => {
    assert.doesNotMatch(await loginCookie({}), /Domain=/)
    await refuses({ name: "__Host-sid", domain: "shop.example" })
    await refuses({ name: "__HOST-sid", path: "/shop" })
  })

  it("3.3.4: HttpOnly cannot be switched off, and the token is in Set-Cookie alone", async () => {
    await refuses(JSON.parse('{ "httpOnly": false }'))
    const response = await loginResponse(await createSessions({ store: "memory:" }))
    const [cookie = ""] = response.headers.getSetCookie()
    assert.match(cookie, /; HttpOnly(;|$)/)
    const token = /=([^;]+)/.exec(cookie)?.[1] ?? ""
    assert.ok(token.length > 0)
    response.headers.delete("set-cookie")
    assert.ok(!JSON.stringify([...response.headers]).includes(token))
    assert.ok(!(await response.text()).includes(token))
  })

  it("3.3.5: name and value together have at most 4,096 characters", async () => {
    await refuses({ name: "n".repeat(4_096 - 65) })
    const cookie = await loginCookie({ name: "n".repeat(4_096 - 66), secure: "auto" })
    assert.equal(cookie.split(";")[0]?.length, 4_096 + "=".length)
  })

  it("14.3.2: a response that sets the cookie is stored by no cache", async () => {
    const response = await loginResponse(await createSessions({ store: "memory:" }))
    assert.equal(response.headers.get("cache-control"), "no-store")
  })

  it("14.2.1: a token in the URL opens nothing", async () => {
    const sessions = await createSessions({ store: "memory:" })
    const [cookie = ""] = (await loginResponse(sessions)).headers.getSetCookie()
    const [pair = ""] = cookie.split(";")
    const handler = fetchSession(sessions, (_request, session) => new Response(session.userId ?? "nobody"))
    const byUrl = await handler(new Request(`https://shop.example/?${pair}`))
    assert.equal(await byUrl.text(), "nobody")
    const byCookie = await handler(new Request("https://shop.example/", { headers: { cookie: pair } }))
    assert.equal(await byCookie.text(), "anna")
  })
})

describe("ending sessions (ASVS 5.0, V7.4)", () => {
  it("7.4.2: all sessions of a user end at once, and no other user's", async () => {
    const sessions = await createSessions({ store: "memory:" })
    const [first, second, other] = await logins(sessions, "anna", "anna", "bert")
    const ended = await sessions.revokeUser("anna")
    assert.deepEqual([...ended].sort(), [first?.id, second?.id].sort())
    assert.equal(await sessions.countOf("anna"), 0)
    assert.equal((await sessions.find(other?.id ?? ""))?.userId, "bert")
  })

  it("7.4.3: a user ends all sessions but the one at hand", async () => {
    const sessions = await createSessions({ store: "memory:" })
    const [, , own] = await logins(sessions, "anna", "anna", "anna")
    assert.equal(await own?.revokeOthers(), 2)
    assert.deepEqual(
      (await sessions.list("anna")).map(({ id }) => id),
      [own?.id],
    )
  })

  it("7.4.5: every session ends at once", async () => {
    const sessions = await createSessions({ store: "memory:" })
    const [first] = await logins(sessions, "anna", "bert")
    assert.equal(await sessions.revokeAll(), 2)
    assert.equal(await sessions.find(first?.id ?? ""), undefined)
  })

  it("7.5.2: a list of devices tells when and from where, and opens nothing", async () => {
    const sessions = await createSessions({ store: "memory:" })
    const session = await sessions.open(undefined, { client: { address: "192.0.2.1", userAgent: "Firefox" } })
    await session.login("anna", { methods: ["pwd"], label: "laptop" })
    const [info] = await sessions.list("anna")
    assert.deepEqual(info?.client, { address: "192.0.2.1", userAgent: "Firefox", label: "laptop" })
    assert.deepEqual(info?.methods, [{ name: "pwd", at: session.authenticatedAt }])
    const byId = await sessions.open(info?.id)
    assert.equal(byId.userId, undefined)
  })
})
