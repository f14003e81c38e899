import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { isSessionError } from "../../src/contract/errors.ts"
import { type Peer, TrustedProxies, type TrustProxy } from "../../src/http/trusted-proxies.ts"

const peer = (given: Partial<Peer> = {}): Peer => ({
  address: "10.0.0.1",
  encrypted: false,
  forwardedFor: "203.0.113.9, 192.0.2.1, 10.0.0.2",
  forwardedProto: "https",
  ...given,
})

const cases: [TrustProxy | undefined, Partial<Peer>, secure: boolean, address: string | undefined][] = [
  [undefined, {}, false, "10.0.0.1"],
  [false, {}, false, "10.0.0.1"],
  [true, {}, true, "203.0.113.9"],
  [1, {}, true, "10.0.0.2"],
  [2, {}, true, "192.0.2.1"],
  [9, {}, true, "203.0.113.9"],
  [["10.0.0.0/8"], {}, true, "192.0.2.1"],
  [["10.0.0.1"], {}, true, "10.0.0.2"],
  [["10.0.0.0/8", "192.0.2.0/24"], {}, true, "203.0.113.9"],
  [["10.0.0.0/31"], { address: "10.0.0.2" }, false, "10.0.0.2"],
  [["loopback"], {}, false, "10.0.0.1"],
  [["loopback"], { address: "127.8.8.8" }, true, "10.0.0.2"],
  [["loopback"], { address: "::1" }, true, "10.0.0.2"],
  [["loopback"], { address: "::ffff:127.0.0.1" }, true, "10.0.0.2"],
  [["loopback"], { address: "::ffff:7f00:1" }, true, "10.0.0.2"],
  [["loopback"], { address: "::2" }, false, "::2"],
  [
    ["2001:db8::/32"],
    { address: "2001:db8::7", forwardedFor: "2001:DB8:1::1, 2001:db9::1" },
    true,
    "2001:db9::1",
  ],
  [["2001:db8::/32"], { address: "2001:db9::7" }, false, "2001:db9::7"],
  [["10.0.0.0/8"], { address: undefined }, false, undefined],
  [["10.0.0.0/8"], { address: "fe80::1%eth0" }, false, "fe80::1%eth0"],
  [true, { forwardedFor: undefined, forwardedProto: undefined }, false, "10.0.0.1"],
  [true, { forwardedFor: "nonsense" }, true, "10.0.0.1"],
  [true, { forwardedFor: "203.0.113.9, <script>" }, true, "10.0.0.1"],
  [true, { forwardedFor: ", ," }, true, "10.0.0.1"],
  [true, { forwardedFor: "" }, true, "10.0.0.1"],
]

describe("trusted proxies", () => {
  for (const [setting, given, secure, address] of cases) {
    it(`trustProxy ${JSON.stringify(setting)}: ${JSON.stringify(given)} is ${secure ? "secure" : "plain"}, from ${address}`, () => {
      const proxies = new TrustedProxies(setting)
      assert.equal(proxies.isSecure(peer(given)), secure)
      assert.equal(proxies.addressOf(peer(given)), address)
    })
  }

  it("what an untrusted peer says of itself is not believed", () => {
    const proxies = new TrustedProxies(["10.0.0.0/8"])
    const stranger = peer({ address: "198.51.100.1", forwardedFor: "10.0.0.9" })
    assert.equal(proxies.isSecure(stranger), false)
    assert.equal(proxies.addressOf(stranger), "198.51.100.1")
  })

  it("an encrypted connection needs no proxy's word", () => {
    const proxies = new TrustedProxies()
    assert.equal(proxies.isSecure(peer({ encrypted: true, forwardedProto: "http" })), true)
  })

  for (const [proto, secure] of [
    ["https", true],
    ["HTTPS", true],
    [" https , http", true],
    ["http, https", false],
    ["httpsx", false],
    ["", false],
  ] as const) {
    it(`X-Forwarded-Proto ${JSON.stringify(proto)} is ${secure ? "secure" : "plain"}`, () => {
      assert.equal(new TrustedProxies(true).isSecure(peer({ forwardedProto: proto })), secure)
    })
  }

  const wrong: unknown[] = [
    0,
    -1,
    1.5,
    Number.NaN,
    "loopback",
    {},
    null,
    ["nonsense"],
    [""],
    ["10.0.0.0/33"],
    ["10.0.0.0/-1"],
    ["::1/129"],
    ["10.0.0.0/"],
    ["10.0.0.0/8/8"],
    ["10.0.0.0/1e1"],
    ["10.0.0.0/ 8"],
    ["10.0.0/8"],
    ["example.com"],
    [5],
  ]
  for (const setting of wrong) {
    it(`refuses ${JSON.stringify(setting)}, and says what there is`, () => {
      assert.throws(
        () => new TrustedProxies(setting as TrustProxy),
        error =>
          isSessionError(error, "ERR_SESSION_CONFIG") &&
          /a number of proxies, or a list of/.test(error.message),
      )
    })
  }
})
