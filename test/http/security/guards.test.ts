import assert from "node:assert/strict"
import { describe, it } from "node:test"
import fc from "fast-check"
import type { Session } from "../../../src/core/session.ts"
import { csrfToken } from "../../../src/http/csrf/token.ts"
import { type AnyGuard, firstRefusal, type GuardedRequest } from "../../../src/http/guards/guard.ts"
import {
  requireCsrfToken,
  requireSession,
  requireThat,
  requireUser,
} from "../../../src/http/guards/require.ts"
import { requireFresh } from "../../../src/http/guards/require-fresh.ts"
import { safeReturnPath } from "../../../src/http/guards/return-path.ts"
import { Sessions } from "../../../src/http/sessions.ts"
import { ReferenceStore } from "../../testing/reference-store.ts"

const request = (
  given: Partial<GuardedRequest> & { headers?: Record<string, string> } = {},
): GuardedRequest => ({
  method: "GET",
  url: "/account?tab=2",
  body: undefined,
  addHeader: () => {},
  header: name => given.headers?.[name],
  ...given,
})
const fromBrowser = { accept: "text/html,application/xhtml+xml" }

const newSession = async (): Promise<Session> =>
  await new Sessions(new ReferenceStore(Date.now)).open(undefined)
const statusOf = async (guard: AnyGuard, session: Session, asked = request()) =>
  (await firstRefusal([guard], session, asked))?.status

describe("guards", () => {
  it("requireUser answers a program with 401 and a problem document", async () => {
    const refusal = await firstRefusal([requireUser({ loginPage: "/login" })], await newSession(), request())
    assert.equal(refusal?.status, 401)
    assert.equal(refusal?.headers["Content-Type"], "application/problem+json")
    assert.equal(JSON.parse(refusal?.body ?? "").status, 401)
  })

  it("requireUser sends a person to the login page, which knows where to come back to", async () => {
    const asked = request({ headers: fromBrowser })
    const refusal = await firstRefusal([requireUser({ loginPage: "/login" })], await newSession(), asked)
    assert.equal(refusal?.status, 303)
    assert.equal(refusal?.headers["Location"], "/login?returnTo=%2Faccount%3Ftab%3D2")
  })

  it("requireUser does not come back to a form post", async () => {
    const asked = request({ headers: fromBrowser, method: "POST", url: "/delete" })
    const refusal = await firstRefusal([requireUser({ loginPage: "/login?x=1" })], await newSession(), asked)
    assert.equal(refusal?.headers["Location"], "/login?x=1&returnTo=%2F")
  })

  it("requireUser lets a logged-in user pass", async () => {
    const session = await newSession()
    await session.login("anna")
    assert.equal(await statusOf(requireUser(), session), undefined)
  })

  it("requireSession asks for a stored session only", async () => {
    const session = await newSession()
    assert.equal(await statusOf(requireSession(), session), 401)
    session.set("seen", true)
    await session.save()
    assert.equal(await statusOf(requireSession(), session), undefined)
  })

  it("requireFresh asks for a recent login (ASVS 7.5.1), exact at the millisecond", async () => {
    const session = await newSession()
    await session.login("anna")
    const at = session.authenticatedAt ?? 0
    assert.equal(await statusOf(requireFresh({ within: "5m", now: () => at + 299_999 }), session), undefined)
    assert.equal(await statusOf(requireFresh({ within: "5m", now: () => at + 300_000 }), session), 401)
  })

  it("requireFresh asks for methods, and tells a program how to step up (RFC 9470)", async () => {
    const session = await newSession()
    await session.login("anna", { methods: ["pwd"] })
    const guard = requireFresh({ within: "5m", methods: ["pwd", "otp"] })
    const refusal = await firstRefusal([guard], session, request())
    assert.equal(
      refusal?.headers["WWW-Authenticate"],
      'Bearer error="insufficient_user_authentication", max_age=300',
    )
    await session.login("anna", { methods: ["pwd", "otp"] })
    assert.equal(await statusOf(guard, session), undefined)
  })

  it("requireFresh judges each asked method by its own time", async () => {
    let now = 1_000_000
    const sessions = new Sessions(new ReferenceStore(() => now), { now: () => now })
    const session = await sessions.open(undefined)
    await session.login("anna", { methods: ["pwd"] })
    now += 200_000
    await session.stepUp({ methods: ["otp"] })
    now += 100_000
    const status = (...methods: string[]) =>
      statusOf(requireFresh({ within: "5m", methods, now: () => now }), session)
    assert.equal(await status("otp"), undefined)
    assert.equal(await status("pwd"), 401)
    assert.equal(await status("otp", "pwd"), 401)
    assert.equal(await status("hwk"), 401)
    assert.equal(await status(), undefined)
    now += 200_000
    assert.equal(await status("otp"), 401)
  })

  it("requireFresh asks for a level of assurance, and names it to a program (RFC 9470)", async () => {
    const session = await newSession()
    await session.login("anna", { assurance: "silver" })
    const guard = requireFresh({ within: "5m", assurance: ["urn:gold", "gold"] })
    const refusal = await firstRefusal([guard], session, request())
    assert.equal(
      refusal?.headers["WWW-Authenticate"],
      'Bearer error="insufficient_user_authentication", acr_values="urn:gold gold", max_age=300',
    )
    await session.stepUp({ assurance: "gold" })
    assert.equal(await statusOf(guard, session), undefined)
    assert.equal(await statusOf(requireFresh({ within: "5m", assurance: "silver" }), session), 401)
    assert.equal(await statusOf(guard, await newSession()), 401)
  })

  it("requireFresh refuses a level that a challenge cannot carry, with ERR_SESSION_CONFIG", () => {
    for (const assurance of ["", 'go"ld', "two levels", "go\\ld", "gold\n", []])
      assert.throws(() => requireFresh({ within: "5m", assurance }), { code: "ERR_SESSION_CONFIG" })
  })

  it("requireFresh refuses options of a program without types, with ERR_SESSION_CONFIG", () => {
    const wrong = [
      "null",
      '"5m"',
      "{}",
      '{"within":"5m","methods":"otp"}',
      '{"within":"5m","methods":null}',
      '{"within":"5m","methods":[""]}',
      '{"within":"5m","methods":[7]}',
      '{"within":"5m","assurance":null}',
      '{"within":"5m","assurance":[7]}',
    ]
    for (const text of wrong)
      assert.throws(() => requireFresh(JSON.parse(text)), { code: "ERR_SESSION_CONFIG" }, text)
    // @ts-expect-error: within is needed
    assert.throws(() => requireFresh(), { code: "ERR_SESSION_CONFIG" })
  })

  it("requireThat refuses with 403", async () => {
    const session = await newSession()
    const guard = requireThat<Record<string, unknown>>(async each => each.get("role") === "admin")
    assert.equal((await firstRefusal([guard], session, request()))?.status, 403)
    session.set("role", "admin")
    assert.equal(await firstRefusal([guard], session, request()), undefined)
  })

  it("requireCsrfToken takes the field or the header, and lets safe methods pass", async () => {
    const session = await newSession()
    const token = csrfToken(session)
    const guard = requireCsrfToken()
    assert.equal(await statusOf(guard, session), undefined)
    const post = (given: Parameters<typeof request>[0]) =>
      statusOf(guard, session, request({ method: "POST", ...given }))
    assert.equal(await post({}), 403)
    assert.equal(await post({ body: { _csrf: `${token}x` } }), 403)
    assert.equal(await post({ body: { _csrf: token } }), undefined)
    assert.equal(await post({ body: new URLSearchParams({ _csrf: token }) }), undefined)
    assert.equal(await post({ headers: { "x-csrf-token": token } }), undefined)
  })

  it("the first refusal counts", async () => {
    const session = await newSession()
    const guards = [
      requireUser(),
      requireThat<Record<string, unknown>>(() => assert.fail("must not be asked")),
    ]
    assert.equal((await firstRefusal(guards, session, request()))?.status, 401)
  })
})

describe("safe return path (CWE-601)", () => {
  for (const path of ["/", "/a/b?c=d#e", "/%2F%2Fevil", "/a//b", "/ä"]) {
    it(`keeps ${path} on this site`, () => {
      const kept = safeReturnPath(path, "/otherwise")
      assert.notEqual(kept, "/otherwise")
      assert.equal(new URL(kept, "https://shop.example").origin, "https://shop.example")
    })
  }

  const elsewhere = [
    "https://evil.example",
    "//evil.example",
    "/\\evil.example",
    "/\t/evil.example",
    "\\/evil.example",
  ]
  for (const path of [
    ...elsewhere,
    "javascript:alert(1)",
    "",
    "a",
    "/\nSet-Cookie:x",
    "/..//evil.example",
    undefined,
    7,
  ]) {
    it(`gives up ${JSON.stringify(path)}`, () =>
      assert.equal(safeReturnPath(path, "/otherwise"), "/otherwise"))
  }

  it("leads nowhere else, whatever it is given", () => {
    const parts = fc.array(
      fc.constantFrom("/", "\\", ".", "..", "evil.example", ":", "@", "\t", "\n", "%2f", "?", "#", "a"),
    )
    fc.assert(
      fc.property(parts, chosen => {
        const target = new URL(safeReturnPath(chosen.join("")), "https://shop.example")
        assert.equal(target.origin, "https://shop.example")
      }),
      { numRuns: 2_000 },
    )
  })
})
