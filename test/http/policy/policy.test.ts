import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { type CreateSessionsOptions, createSessions, generateKey, policyPage } from "../../../src/index.ts"
import { SpyStore } from "../../adapters/spy-store.ts"
import { plainStore } from "../../testing/plain-store.ts"

const policyOf = async (options: Partial<CreateSessionsOptions> = {}) => {
  const sessions = await createSessions({ store: "memory:", sweepInterval: false, ...options })
  const policy = sessions.policy()
  await sessions.close()
  return policy
}
const pageOf = async (options: Partial<CreateSessionsOptions> = {}) => policyPage(await policyOf(options))

describe("the effective policy (ASVS 7.1.1, 7.1.2)", () => {
  it("tells the defaults", async () => {
    const { limits, ...policy } = await policyOf()
    assert.ok(Object.keys(limits).length > 4)
    assert.deepEqual(policy, {
      store: "memory",
      nearCache: false,
      idleTimeout: "1 hour",
      absoluteTimeout: "1 day",
      persistent: false,
      rotation: { every: undefined, grace: "30 seconds" },
      users: { maxSessions: undefined, atLimit: undefined },
      hijack: { userAgent: "off", address: "off" },
      atRest: "clear",
      storeTimeout: "5 seconds",
      onStoreFailure: "fail",
      carriers: [{ kind: "cookie", name: "__Host-sid" }],
      issueBy: "cookie",
      cookie: {
        name: "__Host-sid",
        domain: undefined,
        path: "/",
        secure: true,
        sameSite: "lax",
        partitioned: false,
        httpOnly: true,
      },
      csrf: { originCheck: "on", trustedOrigins: [], sameSite: "refuse", exemptions: false },
      token: "plain",
      trustProxy: false,
    })
  })

  it("has no keys, and of the store its kind alone", async () => {
    const key = generateKey()
    const text = JSON.stringify(
      await policyOf({ store: "memory:?maxSessions=77", token: "signed", keys: [key] }),
    )
    assert.ok(!text.includes(key))
    assert.ok(!text.includes("77"))
    assert.equal((await policyOf({ store: new SpyStore() })).store, "SpyStore")
    assert.equal((await policyOf({ store: plainStore(Date.now) })).store, "a store of the application's own")
  })

  const settings: [string, Partial<CreateSessionsOptions>, RegExp][] = [
    ["the idle timeout", { idleTimeout: "15m" }, /\| ends when unused for \| 15 minutes \|/],
    ["the absolute timeout", { absoluteTimeout: "36h" }, /\| ends at the latest after \| 1 day 12 hours \|/],
    ["remember me", { persistent: true }, /\| kept when the browser closes \| yes \|/],
    [
      "rotation",
      { rotateEvery: "10m", rotationGrace: "90s" },
      /every 10 minutes; .* for 1 minute 30 seconds \|/,
    ],
    ["the limit per user", { maxSessionsPerUser: 3 }, /\| at a time \| at most 3 \|\n.*ends the oldest \|/],
    [
      "refusing at the limit",
      { maxSessionsPerUser: 1, onUserLimit: "refuse" },
      /\| the next login is refused \|/,
    ],
    [
      "the cookie",
      { cookie: { sameSite: "strict", domain: "shop.example" } },
      /Secure; SameSite=strict; Path=\/; Domain=shop\.example \|/,
    ],
    ["a plain cookie", { cookie: { secure: false } }, /\| cookie \| HttpOnly; SameSite=lax; Path=\/ \|/],
    [
      "carriers",
      { carriers: ["header", "cookie"], issueBy: "cookie" },
      /header `Authorization: Bearer`, cookie `__Host-sid` \|/,
    ],
    ["a header's name", { carriers: [{ header: "X-Token" }] }, /\| header `X-Token` \|/],
    [
      "where new tokens go",
      { carriers: ["header", "cookie"], issueBy: () => "cookie" },
      /\| depends on the request \|/,
    ],
    [
      "origins that are trusted",
      { csrf: { trustedOrigins: ["https://pay.example"] } },
      /refused, but from https:\/\/pay\.example \|/,
    ],
    ["no origin check", { csrf: false }, /\| not told apart \|/],
    ["a check that only reports", { csrf: { reportOnly: true } }, /\| reported, and let pass \|/],
    [
      "hijack signals",
      { hijack: { userAgent: "revoke" } },
      /\| another user agent than at login \| revoke \|/,
    ],
    ["protected tokens", { token: "signed", keys: [generateKey()] }, /\| token \| signed \|/],
    ["encryption at rest", { encryptAtRest: true }, /\| encrypted under the client's secret \|/],
    [
      "what a failing store does",
      { onStoreFailure: "anonymous" },
      /\| the request gets a session that cannot be stored \|/,
    ],
    ["limits", { limits: { maxKeys: 7 } }, /\| `maxKeys` \| 7 \|/],
    ["proxies", { trustProxy: ["10.0.0.0/8"] }, /\| proxies that are believed \| 10\.0\.0\.0\/8 \|/],
  ]

  for (const [name, options, expected] of settings) {
    it(`the page follows the configuration: ${name}`, async () => {
      assert.match(await pageOf(options), expected)
      assert.doesNotMatch(await pageOf(), expected)
    })
  }
})
