import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { isSessionError } from "../../../src/contract/errors.ts"
import { createRedisStore, parseRedisUrl, type RedisOptions } from "../../../src/stores/redis/index.ts"

const single = {
  kind: "single",
  tls: false,
  username: undefined,
  password: undefined,
  master: "",
  database: 0,
}
const localhost = { host: "localhost", port: 6379 }

describe("the URL of a Redis store", () => {
  it("names a server, its user and its database", () => {
    assert.deepEqual(parseRedisUrl(), { target: { ...single, nodes: [localhost] }, options: {} })
    assert.deepEqual(parseRedisUrl("redis://").target.nodes, [localhost])
    assert.deepEqual(parseRedisUrl("redis://u:p%3Aw%40@h:7000/3").target, {
      ...single,
      username: "u",
      password: "p:w@",
      nodes: [{ host: "h", port: 7000 }],
      database: 3,
    })
    assert.equal(parseRedisUrl("redis://:p:q@h").target.password, "p:q")
    assert.deepEqual(parseRedisUrl("redis://[::1]:7000").target.nodes, [{ host: "::1", port: 7000 }])
  })

  it("speaks TLS as rediss and valkeys, and takes valkey for redis", () => {
    const tls = ["redis:", "valkey:", "rediss:", "valkeys:", "rediss+cluster:"].map(
      scheme => parseRedisUrl(`${scheme}//h`).target.tls,
    )
    assert.deepEqual(tls, [false, false, true, true, true])
  })

  it("names the nodes of a Cluster", () => {
    assert.deepEqual(parseRedisUrl("redis+cluster://u:p@a:7000,b,[::1]:7001").target, {
      ...single,
      ...{ kind: "cluster", username: "u", password: "p" },
      nodes: [
        { host: "a", port: 7000 },
        { host: "b", port: 6379 },
        { host: "::1", port: 7001 },
      ],
    })
  })

  it("names sentinels, the primary and its database", () => {
    assert.deepEqual(parseRedisUrl("valkey+sentinel://a,b:7000/my%20main/2").target, {
      ...single,
      ...{ kind: "sentinel", master: "my main", database: 2 },
      nodes: [
        { host: "a", port: 26379 },
        { host: "b", port: 7000 },
      ],
    })
  })

  it("carries options", () => {
    const { options } = parseRedisUrl("redis://h?prefix=shop:&buckets=4&timeout=2000&waitReplicas=1:500")
    const waitReplicas = { count: 1, timeout: 500 }
    assert.deepEqual(options, { prefix: "shop:", buckets: 4, timeout: 2000, waitReplicas })
    assert.deepEqual(parseRedisUrl("redis://h?waitReplicas=2").options.waitReplicas, {
      count: 2,
      timeout: 1000,
    })
  })

  for (const url of [
    "redis:localhost",
    "http://localhost",
    "redis://a,b",
    "redis://h:0",
    "redis://h:65536",
    "redis://h:x",
    "redis://h/x",
    "redis://h/0/1",
    "redis://%zz",
    "redis://u:p@q@h",
    "redis+cluster://h/1",
    "redis+sentinel://h",
    "redis+other://h",
    "redis://h?nonsense=1",
  ]) {
    it(`${url} is refused`, () => {
      assert.throws(
        () => parseRedisUrl(url),
        error => isSessionError(error, "ERR_SESSION_CONFIG"),
      )
    })
  }

  it("is not repeated in the message, since it may hold a password", () => {
    assert.throws(
      () => parseRedisUrl("redis://user:s3cret@h:x"),
      error => isSessionError(error, "ERR_SESSION_CONFIG") && !error.message.includes("s3cret"),
    )
  })
})

describe("the options of a Redis store", () => {
  const wrong: readonly (readonly [string, RedisOptions])[] = [
    ["an empty prefix", { prefix: "" }],
    ["a prefix with braces, which are the Cluster's", { prefix: "a{b}" }],
    ["a prefix with spaces", { prefix: "a b" }],
    ["no bucket", { buckets: 0 }],
    ["half a bucket", { buckets: 1.5 }],
    ["too many buckets", { buckets: 1025 }],
    ["no time", { timeout: 0 }],
    ["a timeout that is no number", { url: "redis://h?timeout=" }],
    ["no replicas to wait for", { waitReplicas: { count: 0, timeout: 10 } }],
    ["to wait for replicas longer than for a call", { timeout: 10, waitReplicas: { count: 1, timeout: 10 } }],
  ]
  for (const [name, options] of wrong) {
    it(`${name}: refused before anything is connected`, async () => {
      await assert.rejects(createRedisStore({ url: "redis://127.0.0.1:1", ...options }), error =>
        isSessionError(error, "ERR_SESSION_CONFIG"),
      )
    })
  }
})
