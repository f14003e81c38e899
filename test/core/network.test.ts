import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { networkOf } from "../../src/core/network.ts"

describe("the network of an address", () => {
  for (const [address, ipv4, ipv6, expected] of [
    ["192.0.2.77", 32, 64, "192.0.2.77/32"],
    ["192.0.2.77", 24, 48, "192.0.2.0/24"],
    ["192.0.2.77", 20, 48, "192.0.0.0/20"],
    ["::ffff:192.0.2.77", 24, 48, "192.0.2.0/24"],
    ["::ffff:c000:24d", 24, 48, "192.0.2.0/24"],
    ["2001:db8:1:2:3:4:5:6", 32, 64, "2001:db8:1:2:0:0:0:0/64"],
    ["2001:db8:1:2:3:4:5:6", 24, 48, "2001:db8:1:0:0:0:0:0/48"],
    ["2001:DB8:1:2ff::1", 24, 56, "2001:db8:1:200:0:0:0:0/56"],
    ["2001:db8::1", 32, 128, "2001:db8:0:0:0:0:0:1/128"],
    ["fe80::1%eth0", 32, 64, "fe80:0:0:0:0:0:0:0/64"],
    ["::1", 32, 64, "0:0:0:0:0:0:0:0/64"],
    ["::", 32, 64, "0:0:0:0:0:0:0:0/64"],
    ["64:ff9b::192.0.2.33", 32, 128, "64:ff9b:0:0:0:0:c000:221/128"],
    ["no address", 24, 48, "no address"],
  ] as const) {
    it(`${address} with ${ipv4} or ${ipv6} bits is ${expected}`, () => {
      assert.equal(networkOf(address, { ipv4, ipv6 }), expected)
    })
  }
})
